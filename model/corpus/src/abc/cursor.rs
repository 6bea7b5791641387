//! A place in one line of text.

pub(super) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub fn new(line: &'a str) -> Self {
        Self { rest: line }
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a str {
        self.rest
    }

    pub fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// The character behind the next one.
    pub fn second(&self) -> Option<char> {
        self.rest.chars().nth(1)
    }

    /// One character on; at the end it stays there.
    pub fn bump(&mut self) {
        let mut characters = self.rest.chars();
        characters.next();
        self.rest = characters.as_str();
    }

    /// `bytes` on, or to the end where that is no boundary of characters.
    pub fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or("");
    }

    pub fn take_while(&mut self, mut belongs: impl FnMut(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// How many characters were skipped.
    pub fn skip_while(&mut self, belongs: impl FnMut(char) -> bool) -> usize {
        self.take_while(belongs).chars().count()
    }

    /// Up to `text`; false, and nothing skipped, where it does not come.
    pub fn skip_to(&mut self, text: &str) -> bool {
        let found = self.rest.find(text);
        self.advance(found.unwrap_or(0));
        found.is_some()
    }

    /// Everything up to and with the next `end`; `None`, and nothing taken, where it does not come.
    pub fn take_through(&mut self, end: char) -> Option<&'a str> {
        let length = self.rest.find(end)? + end.len_utf8();
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(taken)
    }
}
