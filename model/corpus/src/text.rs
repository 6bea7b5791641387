//! From bytes to text, whatever encoding a program has used.

/// UTF-16 if it has a byte order mark, otherwise UTF-8, otherwise Windows-1252, which includes Latin-1.
pub(crate) fn decoded(bytes: &[u8]) -> String {
    let units = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, _) = bytes.as_chunks::<2>();
        String::from_utf16_lossy(&pairs.iter().map(|pair| unit(*pair)).collect::<Vec<_>>())
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8_or_windows(rest),
        _ => utf8_or_windows(bytes),
    }
}

/// A name on one line: some programs write zeros or line ends around or into it.
pub(crate) fn name(bytes: &[u8]) -> String {
    let is_blank = |c: char| c.is_whitespace() || c.is_control();
    let text = decoded(bytes);
    text.split(is_blank).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn utf8_or_windows(bytes: &[u8]) -> String {
    match str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| windows_1252(*byte)).collect(),
    }
}

fn windows_1252(byte: u8) -> char {
    /// The characters for the bytes 0x80 to 0x9f; five of them have none.
    const SIGNS: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => SIGNS[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// The lines of a text, whether they end with LF, CR or both; CR CR LF, which some mail programs write, is one line
/// end.
pub(crate) fn lines(text: &str) -> Lines<'_> {
    Lines { rest: text }
}

/// See [`lines`].
#[derive(Clone)]
pub(crate) struct Lines<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let Some(at) = self.rest.find(['\n', '\r']) else { return Some(std::mem::take(&mut self.rest)) };
        let (line, end) = self.rest.split_at(at);
        let returns = end.len() - end.trim_start_matches('\r').len();
        let length = if end[returns..].starts_with('\n') { returns + 1 } else { 1 };
        self.rest = &end[length..];
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_usual_encoding_are_read() {
        for bytes in [
            "Für “Elise”".as_bytes(),
            b"\xef\xbb\xbfF\xc3\xbcr \xe2\x80\x9cElise\xe2\x80\x9d",
            b"F\xfcr \x93Elise\x94",
            b"\xff\xfeF\0\xfc\0r\0 \0\x1c\x20E\0l\0i\0s\0e\0\x1d\x20",
            b"\xfe\xff\0F\0\xfc\0r\0 \x20\x1c\0E\0l\0i\0s\0e\x20\x1d",
        ] {
            assert_eq!(decoded(bytes), "Für “Elise”", "{bytes:?}");
        }
    }

    #[test]
    fn lines_end_with_any_of_the_usual_ends() {
        for text in ["a\nb\n\nc", "a\rb\r\rc", "a\r\nb\r\n\r\nc\r\n", "a\r\r\nb\r\r\n\r\r\nc\r\r\n"] {
            assert_eq!(lines(text).collect::<Vec<_>>(), ["a", "b", "", "c"], "{text:?}");
        }
        assert_eq!(lines("").next(), None);
    }
}
