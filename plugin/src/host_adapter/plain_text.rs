//! Accidentals without letters that not every system has.
//!
//! WORKAROUND(clap-wrapper 0.3.1): text that is typed into a VST3 host keeps only its ASCII letters, so `E♭` cannot be
//! read. In VST3 `Eb` is shown instead, and everywhere it may be typed. Not reported, see
//! <https://docs.rs/crate/clap-wrapper/0.3.1/source/external/clap-wrapper/src/wrapasvst3.cpp#L495>. Tested by
//! `every_text_that_is_shown_can_be_typed`. Delete when `getParamValueByString` keeps all letters.

const ACCIDENTALS: [(char, char); 2] = [('♯', '#'), ('♭', 'b')];

/// Writes a text that ends with a zero in plain letters, in place.
pub fn write(text: &mut [u8]) {
    let length = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    let (mut from, mut to) = (0, 0);
    while from < length {
        let rest = text.get(from..length).unwrap_or_default();
        let found = ACCIDENTALS.into_iter().find_map(|(fine, plain)| {
            let mut bytes = [0; 4];
            let fine = fine.encode_utf8(&mut bytes).as_bytes();
            rest.starts_with(fine).then(|| (u8::try_from(plain).unwrap_or(b'?'), fine.len()))
        });
        let (byte, read) = found.unwrap_or((rest.first().copied().unwrap_or(0), 1));
        if let Some(place) = text.get_mut(to) {
            *place = byte;
        }
        (from, to) = (from + read, to + 1);
    }
    if let Some(end) = text.get_mut(to) {
        *end = 0;
    }
}

/// What is typed in plain letters, in those of the names: an accidental stands behind a note, which begins a word.
pub fn read(text: &str) -> String {
    /// Whether the next letter would begin a word, and whether it stands behind a note that does.
    #[derive(Clone, Copy)]
    enum Behind {
        Nothing,
        Note,
        Word,
    }
    let mut behind = Behind::Nothing;
    text.chars()
        .map(|letter| {
            let fine = ACCIDENTALS.into_iter().find(|(_, plain)| *plain == letter);
            let read = match (behind, fine) {
                (Behind::Note, Some((fine, _))) => fine,
                _ => letter,
            };
            behind = match (behind, letter) {
                (Behind::Nothing, 'A'..='G' | 'a'..='g') => Behind::Note,
                (_, letter) if letter.is_alphanumeric() => Behind::Word,
                _ => Behind::Nothing,
            };
            read
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accidentals_are_plain_and_fine_again() {
        for (fine, plain) in
            [("C♯", "C#"), ("E♭", "Eb"), ("B♭ minor", "Bb minor"), ("100 %", "100 %"), ("", ""), ("B", "B")]
        {
            let mut text = fine.as_bytes().to_vec();
            text.extend([0, 9, 9]);
            write(&mut text);
            let end = text.iter().position(|byte| *byte == 0).unwrap();
            assert_eq!(std::str::from_utf8(&text[..end]).unwrap(), plain);
            assert_eq!(read(plain), fine);
        }
        assert_eq!(read("rubber #1"), "rubber #1");
    }

    #[test]
    fn a_text_without_an_end_stays_within_its_bytes() {
        let mut text = "A♭♭".as_bytes().to_vec();
        write(&mut text);
        assert_eq!(&text[..4], b"Abb\0");
        write(&mut []);
    }
}
