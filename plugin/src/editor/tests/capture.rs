//! Capture through the window: how much, and its folder.

use super::*;
use segue_engine::host::NoteSource;
use segue_engine::recorder::{LogEntry, LogEvent};
use segue_model::note::{Metre, Pitch};

const BAR: f64 = 192.0;

impl FakeScreen {
    /// Writes into the recorder that somebody has played a note of a beat, at the beginning of a bar.
    fn played(&self, who: NoteSource, bar: u32) {
        let pitch = Pitch::new(60).unwrap();
        let write = |tick: f64, event| {
            let at_ns = u64::from(bar) * 2_000_000_000;
            self.app.data.pages.write(LogEntry { at_ns, tick, event });
        };
        let tick = f64::from(bar) * BAR;
        write(tick, LogEvent::NoteOn { who, pitch, velocity: 80 });
        write(tick + 48.0, LogEvent::NoteOff { who, pitch });
    }

    /// The notes of the player and of Segue in the captured files, in the order of the files' names.
    fn captured(&self) -> Vec<(usize, usize)> {
        let folder = self.folder.join("captures");
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(folder).into_iter().flatten().map(|file| file.unwrap().path()).collect();
        files.sort();
        let count = |path: PathBuf| {
            let bytes = std::fs::read(path).unwrap();
            let file = midly::Smf::parse(&bytes).unwrap();
            let notes = |track: usize| {
                let is_on = |event: &&midly::TrackEvent<'_>| {
                    matches!(event.kind, midly::TrackEventKind::Midi { message: midly::MidiMessage::NoteOn { .. }, .. })
                };
                file.tracks[track].iter().filter(is_on).count()
            };
            (notes(1), notes(2))
        };
        files.into_iter().map(count).collect()
    }
}

#[test]
fn a_capture_has_what_its_row_says() {
    for (row, wanted) in
        [("The last answer", (0, 2)), ("The last sixteen bars", (1, 2)), ("All, up to ten minutes", (3, 3))]
    {
        let mut screen = FakeScreen::open("capture");
        screen.app.data.pages.write(LogEntry { at_ns: 0, tick: 0.0, event: LogEvent::Bars(Metre::COMMON) });
        for (who, bar) in [
            (NoteSource::Player, 0),
            (NoteSource::Segue, 1),
            (NoteSource::Player, 2),
            (NoteSource::Segue, 20),
            (NoteSource::Segue, 21),
            (NoteSource::Player, 22),
        ] {
            screen.played(who, bar);
        }
        screen.click("Capture menu");
        screen.click(&format!("Capture: {row}"));
        assert_eq!(screen.captured(), [wanted], "{row}: {}", screen.notice());
        assert!(screen.notice().starts_with("Captured: "), "{}", screen.notice());
    }
}

#[test]
fn an_answer_that_is_missing_is_said_and_the_folder_is_opened() {
    let mut screen = FakeScreen::open("capture-folder");
    screen.click("Capture");
    assert!(screen.notice().starts_with("Nothing has been played yet"), "{}", screen.notice());
    screen.played(NoteSource::Player, 0);
    screen.click("Capture menu");
    screen.click("Capture: The last answer");
    assert!(screen.notice().starts_with("Segue has not answered yet"), "{}", screen.notice());
    assert!(screen.app.notice.is_warning() && screen.captured().is_empty());
    screen.click_with("Capture", PointerButton::Secondary);
    screen.click("Capture: Open the folder");
    let folder = screen.folder.join("captures");
    assert_eq!(screen.opened, [folder.display().to_string()]);
    assert!(folder.is_dir());
}
