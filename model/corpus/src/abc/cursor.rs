//! A position in one line of text.

pub(super) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub fn new(line: &'a str) -> Self {
        Self { rest: line }
    }

    /// The text that has not been read.
    pub fn rest(&self) -> &'a str {
        self.rest
    }

    pub fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// The character after the next one.
    pub fn second(&self) -> Option<char> {
        self.rest.chars().nth(1)
    }

    /// Moves on by one character; stays at the end.
    pub fn bump(&mut self) {
        let mut characters = self.rest.chars();
        characters.next();
        self.rest = characters.as_str();
    }

    /// Moves on by `bytes`, or to the end if that is not a character boundary.
    pub fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or("");
    }

    pub fn take_while(&mut self, mut belongs: impl FnMut(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Skips characters while they belong. Returns how many.
    pub fn skip_while(&mut self, belongs: impl FnMut(char) -> bool) -> usize {
        self.take_while(belongs).chars().count()
    }

    /// Skips to `text`. If it does not occur, returns false and skips nothing.
    pub fn skip_to(&mut self, text: &str) -> bool {
        let found = self.rest.find(text);
        self.advance(found.unwrap_or(0));
        found.is_some()
    }

    /// Takes everything up to and including the next `end`. If it does not occur, returns `None` and takes nothing.
    pub fn take_through(&mut self, end: char) -> Option<&'a str> {
        let length = self.rest.find(end)? + end.len_utf8();
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(taken)
    }
}
