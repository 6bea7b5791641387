//! Where the framework has cut the host's block, and where in the song its pieces really begin.
//!
//! WORKAROUND(nice-plug 0.4.2): see below. Delete when `process()` is told of the cut and of the right position.
//!
//! The CLAP side of the framework cuts a block where a parameter or the transport changes. To the position of each piece
//! it adds the frames of the block that lie before it: rightly, when the position is that of the block's start; a second
//! time, when it came with the change itself. The two are told apart by the host's own word, which is the same in all
//! pieces until the host speaks again.
//!
//! That a block was cut is known from memory alone: the audio goes on where that of the piece before ended, and both fit
//! into the largest block. Hosts that go round a loop in the middle of their buffer do so in a block of its own, which
//! looks the same; there the beginning of the loop tells which it is.

use crate::realtime::host::Transport;
use nice_plug::prelude::PluginApi;

/// Positions closer than this, in quarter notes, are the same word of the host.
const SAME_BEATS: f64 = 1e-7;

/// A loop goes round on a whole frame, and may begin between two.
const ONE_FRAME: u32 = 1;

/// Finds the place of each piece in the host's block and in the song.
#[derive(Debug, Default)]
pub struct SplitBlocks {
    largest_block: u32,
    /// Where the last piece's audio ended in memory, and how far into the host's block that was.
    ended: usize,
    into: u32,
    said: Option<Word>,
    /// Where the song will be when this piece is over, in quarter notes.
    next_beats: f64,
}

/// What the host last said of its song.
#[derive(Debug, Clone, Copy)]
struct Word {
    playing: bool,
    beats: f64,
    tempo_bpm: f64,
    /// How far into the host's block it said so.
    into: u32,
}

/// One piece of the host's block.
#[derive(Debug, Clone, Copy)]
pub struct Piece {
    /// Where its audio begins in memory.
    pub begins: usize,
    /// Where it ends.
    pub ends: usize,
    /// Its length.
    pub frames: u32,
}

impl Piece {
    /// The piece that this channel's audio belongs to.
    pub fn of(channel: &[f32], frames: u32) -> Self {
        let begins = channel.as_ptr() as usize;
        Self { begins, ends: begins + size_of_val(channel), frames }
    }
}

impl SplitBlocks {
    /// For blocks of up to this many frames.
    pub fn new(largest_block: u32) -> Self {
        Self { largest_block, ..Self::default() }
    }

    /// Where in the song a piece's first frame is, of what the framework says; pieces are told in order.
    pub fn beats(&mut self, piece: Piece, api: PluginApi, told: &Transport, sample_rate: f64) -> Option<f64> {
        let goes_on = piece.begins == self.ended && self.into.saturating_add(piece.frames) <= self.largest_block;
        let before = if goes_on { self.into } else { 0 };
        let into = if api == PluginApi::Clap { before } else { 0 };
        self.ended = piece.ends;
        self.into = before.saturating_add(piece.frames);
        // Without a tempo nothing was added.
        let (Some(beats), Some(tempo_bpm)) = (told.beats, told.tempo_bpm) else {
            self.said = None;
            return told.beats;
        };
        let in_frames = |frames: u32| f64::from(frames) / sample_rate / 60.0 * tempo_bpm;
        let word = Word { playing: told.playing, beats: beats - in_frames(into), tempo_bpm, into };
        let goes_round =
            told.playing && told.loop_beats.is_some_and(|(begin, _)| (beats - begin).abs() <= in_frames(ONE_FRAME));
        let beats = self.read(beats, word, goes_round, in_frames);
        self.next_beats = beats + if told.playing { in_frames(piece.frames) } else { 0.0 };
        Some(beats)
    }

    /// How many frames of the host's block lie before the piece that was told last; less than the largest block, also where
    /// blocks that lie one behind the other in memory look like pieces of one.
    pub fn before(&self, piece: Piece) -> u32 {
        self.into.saturating_sub(piece.frames)
    }

    fn read(&mut self, beats: f64, word: Word, goes_round: bool, in_frames: impl Fn(u32) -> f64) -> f64 {
        if let Some(said) = self.said.filter(|said| word.into > 0 && said.is(word)) {
            return said.beats + in_frames(word.into.saturating_sub(said.into));
        }
        // A host whose blocks happen to lie one behind the other in memory goes on where it was expected, or goes round.
        let is_new_block = goes_round || (beats - self.next_beats).abs() < SAME_BEATS;
        let word = if is_new_block {
            self.into = self.into.saturating_sub(word.into);
            Word { beats, into: 0, ..word }
        } else {
            word
        };
        self.said = Some(word);
        word.beats
    }
}

impl Word {
    /// Whether it is the same word, told again.
    #[allow(clippy::float_cmp, reason = "a tempo that was not told anew is the very same number")]
    fn is(self, other: Self) -> bool {
        let Self { playing, beats, tempo_bpm, into: _ } = other;
        self.playing == playing && (self.beats - beats).abs() < SAME_BEATS && self.tempo_bpm == tempo_bpm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: f64 = 48_000.0;
    const BLOCK: u32 = 512;

    fn beats_in(frames: u32, tempo_bpm: f64) -> f64 {
        f64::from(frames) / RATE / 60.0 * tempo_bpm
    }

    fn told(beats: f64, tempo_bpm: Option<f64>) -> Transport {
        Transport { playing: true, beats: Some(beats), tempo_bpm, ..Transport::default() }
    }

    /// The host's block of 512 frames is cut at these frames; in each piece the host's last word is this position and
    /// tempo, and where the piece really begins is this.
    fn check(pieces: &[(u32, (f64, f64), f64)]) {
        let mut split = SplitBlocks::new(BLOCK);
        let ends = pieces.iter().skip(1).map(|(at, ..)| *at).chain([BLOCK]);
        for ((at, (word, tempo), truth), end) in pieces.iter().zip(ends) {
            let piece = Piece { begins: 4 * *at as usize, ends: 4 * end as usize, frames: end - at };
            let told = told(word + beats_in(*at, *tempo), Some(*tempo));
            let beats = split.beats(piece, PluginApi::Clap, &told, RATE).unwrap();
            assert!((beats - truth).abs() < 1e-9, "at {at}: {beats}, not {truth}");
            assert_eq!(split.before(piece), *at);
        }
    }

    #[test]
    fn a_block_that_is_cut_for_a_parameter_goes_on_in_the_song() {
        let word = (8.0, 120.0);
        check(&[(0, word, 8.0), (100, word, 8.0 + beats_in(100, 120.0)), (300, word, 8.0 + beats_in(300, 120.0))]);
    }

    #[test]
    fn a_song_that_jumps_back_in_mid_block_is_where_the_host_says() {
        let (before, after) = ((8.0, 120.0), (4.0, 120.0));
        check(&[(0, before, 8.0), (200, after, 4.0), (300, after, 4.0 + beats_in(100, 120.0))]);
    }

    #[test]
    fn a_tempo_that_changes_in_mid_block_counts_from_there_also_when_a_parameter_moves_after_it() {
        let before = (8.0, 120.0);
        let change = 8.0 + beats_in(200, 120.0);
        let after = (change, 60.0);
        check(&[(0, before, 8.0), (200, after, change), (450, after, change + beats_in(250, 60.0))]);
    }

    #[test]
    fn a_song_that_goes_on_in_mid_block_where_it_stood_goes_on_from_there() {
        let mut split = SplitBlocks::new(BLOCK);
        let stands = Transport { playing: false, ..told(8.0, Some(120.0)) };
        split.beats(Piece { begins: 0, ends: 800, frames: 200 }, PluginApi::Clap, &stands, RATE).unwrap();
        let plays = told(8.0 + beats_in(200, 120.0), Some(120.0));
        let beats = split.beats(Piece { begins: 800, ends: 2048, frames: 312 }, PluginApi::Clap, &plays, RATE).unwrap();
        assert!((beats - 8.0).abs() < 1e-9, "{beats}");
    }

    #[test]
    fn blocks_that_lie_one_behind_the_other_in_memory_are_no_pieces_of_one() {
        let mut split = SplitBlocks::new(BLOCK);
        let mut beats = 0.0;
        for (block, tempo) in (0..).zip([120.0, 120.0, 90.0, 90.0, 200.0]) {
            let piece = Piece { begins: block * 400, ends: (block + 1) * 400, frames: 100 };
            let found = split.beats(piece, PluginApi::Clap, &told(beats, Some(tempo)), RATE).unwrap();
            assert!((found - beats).abs() < 1e-9, "block {block}: {found}, not {beats}");
            beats += beats_in(100, tempo);
        }
    }

    #[test]
    fn a_loop_that_goes_round_in_a_block_behind_the_other_in_memory_begins_where_it_does_and_so_it_does_in_mid_block() {
        let looping = |beats| Transport { loop_beats: Some((4.0, 8.0)), ..told(beats, Some(120.0)) };
        let end = 8.0 - beats_in(200, 120.0);
        // The host's own block, which it tells of, and a piece, to whose word the frames before it are added.
        for (word, round) in [(4.0, 4.0), (4.0 + beats_in(200, 120.0), 4.0)] {
            let mut split = SplitBlocks::new(BLOCK);
            split.beats(Piece { begins: 0, ends: 800, frames: 200 }, PluginApi::Clap, &looping(end), RATE).unwrap();
            let piece = Piece { begins: 800, ends: 1200, frames: 100 };
            let found = split.beats(piece, PluginApi::Clap, &looping(word), RATE).unwrap();
            assert!((found - round).abs() < 1e-9, "{word}: {found}");
        }
    }

    #[test]
    fn other_formats_and_hosts_without_tempo_are_taken_at_their_word() {
        let mut split = SplitBlocks::new(BLOCK);
        for (api, tempo) in [(PluginApi::Standalone, Some(120.0)), (PluginApi::Clap, None)] {
            for (at, beats) in [(0, 8.0), (100, 2.0)] {
                let piece = Piece { begins: at * 4, ends: at * 4 + 400, frames: 100 };
                assert_eq!(split.beats(piece, api, &told(beats, tempo), RATE), Some(beats));
                assert_eq!(split.before(piece) as usize, at, "they are cut all the same");
            }
        }
    }
}
