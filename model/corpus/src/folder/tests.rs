use super::*;
use crate::tests_support::Folder;

impl Folder {
    /// What is read, as `train cobb.abc#1`, and what is refused, without the folder's own path.
    fn read(&self, reading: FolderOptions) -> (Vec<String>, Vec<String>) {
        let corpus = read_folder(self.path(), reading, None).unwrap();
        let name = |split| match split {
            Split::Train => "train",
            Split::Valid => "valid",
            Split::Test => "test",
        };
        let read = corpus.pieces.iter().map(|piece| format!("{} {}", name(piece.split), piece.source));
        let here = format!("{}/", self.path().display());
        let refused = corpus.refused.iter().map(|refused| refused.to_string().replace(&here, ""));
        (read.collect(), refused.collect())
    }

    fn fault(&self) -> String {
        let fault = read_folder(self.path(), FolderOptions::default(), None).unwrap_err().to_string();
        fault.replace(&self.path().display().to_string(), "folder")
    }
}

const BOOK: &str = "X:1\nK:C\nABc|\n\nX:2\nK:C\nA[B|\n\nX:3\nK:C\ncde|\n";
/// A quarter note of middle C.
const MIDI: &[u8] = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x0c\0\x90\x3c\x64\x60\x80\x3c\0\0\xff\x2f\0";

#[test]
fn the_table_says_what_a_piece_is_for() {
    let table = "title,file,x,split\n\"One, two\",book.abc,1,test\n\"a \"\"b\"\"\",a/b.mid,,train\n\
                 three,book.abc,3,validation\n";
    let folder = Folder::new("table").with("split.csv", table).with("book.abc", BOOK).with("a/b.mid", MIDI);
    let (read, refused) = folder.read(FolderOptions::default());
    assert_eq!(read, ["test book.abc#1", "train a/b.mid", "valid book.abc#3"]);
    assert_eq!(refused, ["book.abc, tune 2, line 7: a chord is never closed"]);
}

#[test]
fn what_the_table_lists_and_the_folder_lacks_is_reported_once() {
    let table = "file,x,split,present\nbook.abc,2,train,yes\nbook.abc,9,train,yes\nb.mid,,train,yes\n\
                 c.mid,,train,no\nbook.abc,1,train,\n";
    let folder = Folder::new("lacks").with("split.csv", table).with("book.abc", BOOK);
    let (read, refused) = folder.read(FolderOptions::default());
    assert_eq!(read, ["train book.abc#1"]);
    assert_eq!(
        refused[..2],
        [
            "book.abc, tune 2, line 7: a chord is never closed",
            "book.abc, tune 9: split.csv lists it, but it is not there",
        ]
    );
    assert!(refused[2].starts_with("b.mid: cannot be read ("), "{refused:?}");
    assert_eq!(refused.len(), 3);
}

#[test]
fn where_music_is_there_in_both_notations_either_can_be_read() {
    let table = "file,split,abc_file,x\nb.mid,train,book.abc,3\n";
    let folder = Folder::new("both").with("split.csv", table).with("book.abc", BOOK).with("b.mid", MIDI);
    assert_eq!(folder.read(FolderOptions::default()).0, ["train b.mid"]);
    assert_eq!(folder.read(FolderOptions { prefer_abc: true, ..FolderOptions::default() }).0, ["train book.abc#3"]);
}

#[test]
fn without_a_table_everything_below_is_read_and_split_by_melody() {
    let tune = |number: usize| {
        let letters: String =
            (0..12).map(|step| char::from(b"CDEFGAB"[(number * (step + 1) + step * step / 3) % 7])).collect();
        format!("X:{number}\nK:C\n{letters}|\n\n")
    };
    let book: String = (1..=300).map(tune).collect();
    let folder = Folder::new("below").with("one.abc", &book).with("deep/er/two.ABC", &book).with("x.MID", MIDI);
    let folder = folder.with("bad.mid", "text").with("notes.txt", "text");
    let (read, refused) = folder.read(FolderOptions::default());
    assert_eq!((read.len(), read.last().unwrap().as_str()), (601, "train x.MID"));
    assert_eq!(
        refused,
        ["bad.mid: is not a MIDI file: it does not begin with the letters MThd. Give a Standard MIDI File (.mid)"]
    );
    let sides = |file: &str| {
        let of_file = read.iter().filter(|piece| piece.contains(file));
        of_file.map(|piece| piece.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(sides("one.abc"), sides("two.ABC"), "the same tune is on the same side");
}

/// Six tunes with the same introduction of 33 notes: whichever split its intervals give, most of them are for training.
#[test]
fn tunes_that_begin_alike_are_not_all_kept_from_learning() {
    let letters = |number: usize, count: usize| -> String {
        (0..count).map(|step| char::from(b"CDEFGAB"[(number * (step + 1) + step * step / 3) % 7])).collect()
    };
    let mut others = 0;
    for introduction in 0..40 {
        let beginning = letters(introduction, 33);
        let tune = |number: usize| format!("X:{number}\nK:C\n{beginning}{}|\n\n", letters(number + 50, 20));
        let book: String = (1..=6).map(tune).collect();
        let (read, _) =
            Folder::new(&format!("alike-{introduction}")).with("book.abc", &book).read(FolderOptions::default());
        let learnt = read.iter().filter(|piece| piece.starts_with("train")).count();
        assert!(learnt >= 3, "{read:?}");
        others += usize::from(learnt < 6);
    }
    assert!(others > 0, "some introduction must have put them on another side");
    for (count, tune) in [3, 30].into_iter().flat_map(|count| (0..12).map(move |tune| (count, tune))) {
        let book = format!("X:1\nK:C\n{}|\n\n", letters(tune, 40)).repeat(count);
        let (read, _) =
            Folder::new(&format!("same-{count}-{tune}")).with("book.abc", &book).read(FolderOptions::default());
        assert!(2 * read.iter().filter(|piece| piece.starts_with("train")).count() >= count, "{read:?}");
    }
}

#[test]
fn hidden_files_and_circles_of_links_are_passed_over() {
    let folder = Folder::new("hidden").with("a.mid", MIDI).with("._a.mid", "text").with(".old/b.mid", MIDI);
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path(), folder.path().join("circle")).unwrap();
    assert_eq!(folder.read(FolderOptions::default()), (vec!["train a.mid".to_owned()], Vec::new()));
}

#[cfg(target_os = "linux")]
#[test]
fn names_of_other_alphabets_are_read() {
    use std::os::unix::ffi::OsStrExt;
    let name = std::ffi::OsStr::from_bytes(b"B\xe4r.mid");
    let folder = Folder::new("latin-1").with("f\u{fc}r Elise.mid", MIDI);
    std::fs::write(folder.path().join(name), MIDI).unwrap();
    assert_eq!(folder.read(FolderOptions::default()).0, ["train B\u{fffd}r.mid", "train f\u{fc}r Elise.mid"]);
}

const SOLO: &str = "dur_s\tpitch\tloudness_db\tbar\tbeat\ttatum\tdivision\tbeat_dur_s\n0.5\t60\t\t1\t1\t1\t1\t0.5\n";
const BEATS: &str = "bar\tbeat\tbeats_per_bar\tsignature\tchord\n1\t1\t4\t4/4\tC-7\n";

#[test]
fn tables_of_solos_are_read_with_and_without_a_table_of_splits() {
    let folder = Folder::new("solos").with("notes/a.tsv", SOLO).with("beats/a.tsv", BEATS);
    let folder = folder.with("notes/b.tsv", SOLO);
    let (read, refused) = folder.read(FolderOptions::default());
    assert_eq!(read, ["train notes/a.tsv"]);
    assert!(refused[0].starts_with("beats/b.tsv: cannot be read ("), "{refused:?}");
    let folder = folder.with("split.csv", "file,split\nnotes/a.tsv,test\nnotes/a.tsv,train\n");
    let (read, refused) = folder.read(FolderOptions::default());
    assert_eq!(read, ["test notes/a.tsv"]);
    assert_eq!(refused, ["notes/a.tsv: split.csv lists it more than once; the first row counts"]);
}

/// A file of any kind that is larger than music is refused with what, where, why and what to do, and the others are
/// read.
#[test]
fn files_larger_than_music_are_refused_unread() {
    let folder = Folder::new("large").with("b.mid", MIDI).with("beats/a.tsv", BEATS).with("notes/a.tsv", "");
    for name in ["a.mid", "a.abc", "notes/a.tsv"] {
        // Only the length, which takes no room on the disk.
        std::fs::File::create(folder.path().join(name)).unwrap().set_len(1 << 31).unwrap();
    }
    let (read, mut refused) = folder.read(FolderOptions::default());
    refused.sort();
    assert_eq!(read, ["train b.mid"]);
    let wanted = [
        "a.abc: is larger than 64 MiB, and no book of tunes is; choose another file",
        "a.mid: is larger than 64 MiB, and no MIDI file is; choose another file",
        "notes/a.tsv: is larger than 16 MiB, and no table of solos is; choose another file",
    ];
    assert_eq!(refused, wanted);
    std::fs::File::create(folder.path().join("split.csv")).unwrap().set_len(1 << 31).unwrap();
    let sentence = read_folder(folder.path(), FolderOptions::default(), None).unwrap_err().to_string();
    assert!(sentence.contains("is larger than 64 MiB, and no table of a folder is"), "{sentence}");
}

#[test]
fn many_files_are_read_in_the_order_of_their_names() {
    let folder =
        (0..200).rev().fold(Folder::new("many"), |folder, number| folder.with(&format!("{number:03}.mid"), MIDI));
    let names: Vec<String> = (0..200).map(|number| format!("train {number:03}.mid")).collect();
    assert_eq!(folder.read(FolderOptions::default()).0, names);
}

#[test]
fn several_folders_are_one_corpus_and_none_is_read_twice() {
    let (one, two) = (Folder::new("one").with("in/a.mid", MIDI), Folder::new("two").with("b.mid", MIDI));
    let read = |folders: &[PathBuf]| read_folders(folders, FolderOptions::default(), None);
    let corpus = read(&[one.path().to_owned(), two.path().to_owned()]).unwrap();
    assert_eq!(corpus.pieces.iter().map(|piece| piece.source.as_str()).collect::<Vec<_>>(), ["in/a.mid", "b.mid"]);
    for other in ["", "in", "../in", "in/.."] {
        let other = one.path().join(other.replace("../in", "in/../in"));
        let error = read(&[one.path().to_owned(), other.clone()]).unwrap_err().to_string();
        let sentence = "is read already as a part of";
        assert_eq!(error, format!("{}: {sentence} {}; name it once", other.display(), one.path().display()));
    }
    assert!(matches!(read(&[one.path().to_owned(), PathBuf::from("/nowhere")]), Err(FolderError::Missing { .. })));
}

#[test]
fn about_eight_parts_in_ten_are_learnt_from() {
    let note = |onset: i64, key: u8| Note {
        onset: segue_model::note::Ticks(onset),
        pitch: segue_model::note::Pitch::new(key).unwrap(),
        duration: segue_model::note::Ticks(1),
        velocity: segue_model::note::Velocity::DEFAULT,
    };
    let melody = |seed: u32, up: u8| {
        (0..20u32).map(move |step| {
            note(i64::from(step), up + u8::try_from((seed * (step + 7) / 3 + step * step) % 40).unwrap())
        })
    };
    let split = |seed, up| split_by_melody(&melody(seed, up).collect::<Vec<_>>(), BEGINNING);
    let splits: Vec<Split> = (0..1_000).map(|seed| split(seed, 30)).collect();
    let count = |wanted| splits.iter().filter(|split| **split == wanted).count();
    for (split, about) in [(Split::Train, 800), (Split::Valid, 100), (Split::Test, 100)] {
        // Four standard deviations of a fair draw are 51 for 800 and 38 for 100.
        assert!(count(split).abs_diff(about) < 55, "{split:?}: {}", count(split));
    }
    assert!((0..1_000).all(|seed| split(seed, 30) == split(seed, 35)), "a transposed tune is on the same side");
}

#[test]
fn a_melody_is_on_the_same_side_for_ever() {
    let notes: Vec<Note> = Vec::new();
    assert_eq!(melody_hash(&notes, BEGINNING), 0xcbf2_9ce4_8422_2325);
}

#[test]
fn a_folder_that_gives_nothing_says_so_in_one_sentence() {
    let missing = read_folder(Path::new("/nowhere/music"), FolderOptions::default(), None).unwrap_err().to_string();
    assert_eq!(missing, "/nowhere/music: there is no such folder");
    assert_eq!(
        Folder::new("empty").fault(),
        "folder: no .abc, .mid, .midi, .kar or .rmi file and no solo table is in it"
    );
    let bad = Folder::new("bad").with("a.mid", "text").fault();
    assert_eq!(
        bad,
        "folder: not one tune in it could be read; the first reason: folder/a.mid: is not a MIDI file: \
         it does not begin with the letters MThd. Give a Standard MIDI File (.mid)"
    );
    let table = Folder::new("columns").with("split.csv", "name,use\na.mid,train\n").fault();
    assert!(table.starts_with("folder/split.csv: is not a table with the columns file and split ("), "{table}");
    let word = Folder::new("word").with("split.csv", "file,split\na.mid,trian\n").fault();
    assert!(word.contains("trian"), "{word}");
}
