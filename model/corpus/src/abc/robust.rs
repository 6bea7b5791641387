//! No text makes the reader panic or hang, or gives notes that are out of order.

use super::parse_book;
use super::tests::{Dice, ONEILLS, check_refused};
use segue_model::note::Ticks;

#[test]
fn hostile_books_end_soon() {
    let started = std::time::Instant::now();
    let endless = format!("X:1\nP:{}\nK:C\nP:A\n{}", "A".repeat(256), "|:A:|".repeat(2_000));
    check_refused(&endless, Some(2), "the tune is endless with its repeats written out");
    for hostile in [
        "|:",
        ":|",
        "A:|",
        "[1",
        "|16",
        "|-",
        "A-",
        "(",
        "{}",
        "[]",
        "!",
        "\"",
        "[V:2]",
        "+",
        "P:",
        "V:1\n",
        "A>",
        "[P:A]",
        "X:1\nK:\n",
        "^",
        "\"C\"",
    ] {
        let book = parse_book(&format!("X:1\nK:C\n{}", hostile.repeat(50_000)), "book");
        assert!(book.tunes.iter().all(|(_, tune)| tune.notes.len() <= 800_000), "{hostile}");
    }
    // Far more than it takes, and far less than a quadratic reader would take.
    assert!(started.elapsed().as_secs() < 60);
}

/// However a real book is damaged, the reader neither panics nor breaks its promises.
#[test]
fn no_damage_to_a_real_book_makes_the_reader_panic() {
    const ROUNDS: usize = 4_000;
    const SIGNS: [&str; 40] = [
        "|",
        ":",
        "[",
        "]",
        "(3",
        "(9:9:9",
        "{",
        "}",
        "-",
        ">",
        "<<",
        "\"",
        "!",
        "+",
        "^",
        "__",
        "=",
        "z",
        "Z9",
        "'",
        ",",
        "/",
        "9999",
        "99999999999",
        "[K:",
        "[V:2]",
        "[1-16",
        "\n",
        "\n\n",
        "P:A\n",
        "\nK:Gm\n",
        "M:7/8 ",
        "&",
        "%",
        "\\",
        "x",
        "é",
        "♯",
        "\0",
        "X:2\n",
    ];
    let mut dice = Dice(1);
    for _ in 0..ROUNDS {
        let mut text: Vec<char> = ONEILLS.chars().collect();
        for _ in 0..=dice.below(12) {
            let at = dice.below(text.len());
            let until = (at + dice.below(40)).min(text.len());
            match dice.below(4) {
                0 => drop(text.drain(at..until)),
                1 => text.splice(at..at, SIGNS[dice.below(SIGNS.len())].chars()).for_each(drop),
                2 => text[at] = SIGNS[dice.below(SIGNS.len())].chars().next().unwrap(),
                _ => {
                    let copy = text[at..until].to_vec();
                    let to = dice.below(text.len());
                    text.splice(to..to, copy).for_each(drop);
                }
            }
        }
        let text: String = text.into_iter().collect();
        for (_, tune) in parse_book(&text, "damaged").tunes {
            assert!(tune.notes.is_sorted() && !tune.notes.is_empty());
            assert!(tune.notes.iter().all(|note| note.duration > Ticks::ZERO && note.onset >= Ticks::ZERO));
            assert!(tune.bars.is_sorted_by_key(|bars| bars.line) && tune.chords.is_sorted_by_key(|(at, _)| *at));
        }
    }
}
