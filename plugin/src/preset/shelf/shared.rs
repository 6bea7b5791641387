//! Several instances, each with its own shelf, and one folder; disks that are full.

use super::tests::{Folder, named, own_names};
use super::*;

/// A preset that another instance has saved since the shelf was opened is replaced by one of the same name, and not
/// doubled.
#[test]
fn two_instances_that_save_one_name_leave_one_preset() {
    let folder = Folder::new("two");
    let mut shelves = [folder.shelf(), folder.shelf()];
    for (purpose, instance) in [("First.", 0), ("Second.", 1), ("Third.", 0)] {
        shelves[instance].save(&Preset { purpose: purpose.to_owned(), ..named("Mine") }).unwrap();
        assert_eq!(own_names(&shelves[instance]), ["Mine"]);
    }
    let again = folder.shelf();
    assert_eq!((own_names(&again), again.refused()), (vec!["Mine"], &[][..]));
    assert_eq!(again.find("mine").unwrap().preset.purpose, "Third.");
}

/// Instances that save the same preset at the same moment leave one of them, whole.
#[test]
fn presets_saved_at_once_are_never_mixed() {
    const LONG: usize = 20_000;
    let folder = Folder::new("at-once");
    folder.shelf().save(&named("Mine")).unwrap();
    std::thread::scope(|scope| {
        for letter in ["a", "b", "c", "d"] {
            let mut shelf = folder.shelf();
            scope.spawn(move || {
                for _ in 0..10 {
                    shelf.save(&Preset { purpose: letter.repeat(LONG), ..named("Mine") }).unwrap();
                }
            });
        }
        for _ in 0..20 {
            assert_eq!(own_names(&folder.shelf()), ["Mine"]);
        }
    });
    let again = folder.shelf();
    assert_eq!(again.refused(), []);
    let purpose = &again.find("Mine").unwrap().preset.purpose;
    assert!(purpose.len() == LONG && purpose.chars().all(|letter| purpose.starts_with(letter)));
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "nothing half-written is left");
}

/// Where the disk is full the preset that was there stays, the sentence says what to do, and nothing half-written is
/// left.
#[cfg(unix)]
#[test]
fn a_full_disk_costs_no_preset_that_was_there() {
    whole_file::tests::passes_on_a_full_disk("preset::shelf::shared::on_a_full_disk");
}

#[test]
#[ignore = "runs in a process of its own, where files are short"]
fn on_a_full_disk() {
    let folder = Folder::new("full");
    let mut shelf = folder.shelf();
    shelf.save(&named("Mine")).unwrap();
    let long = Preset { purpose: "x".repeat(whole_file::tests::TOO_LONG), ..named("Mine") };
    let sentence = shelf.save(&long).unwrap_err().to_string();
    assert!(sentence.contains("cannot be written: ") && sentence.ends_with("that there is room"), "{sentence}");
    assert_eq!(folder.shelf().find("Mine").unwrap().preset, named("Mine"));
    assert_eq!(shelf.find("Mine").unwrap().preset, named("Mine"));
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
}

/// Nobody, not even the system's administrator, can make a file there.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_of_presets_that_cannot_be_written_to_is_said() {
    let sentence = Shelf::open_at(Some("/proc/self".into())).save(&named("Mine")).unwrap_err().to_string();
    assert!(sentence.starts_with("/proc/self/Mine.toml: cannot be written: "), "{sentence}");
}
