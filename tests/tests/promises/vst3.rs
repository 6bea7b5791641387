//! The VST3 in a host of our own, which sends and checks what other hosts do not.

#[cfg(target_os = "linux")]
mod editor;
mod notes;
mod outputs;
mod same_notes;
mod states;

use crate::support::{Settings, instance};
use segue_tests::vst3_host::{Block, Module, Played, Plugin, Processor, Setup};

const RATE: f64 = 48_000.0;

/// A new VST3 instance with these settings, loaded from a state that the CLAP saved.
fn plugin(settings: Settings<'_>) -> Plugin {
    let mut plugin = Module::checked().open().expect("the VST3 gives an instance");
    if !settings.is_empty() {
        let state = instance(settings).save().expect("the CLAP saves");
        plugin.load(&state).expect("the VST3 loads");
    }
    plugin
}

/// The same, activated in a host that plays live or renders.
fn active(settings: Settings<'_>, largest_block: u32, offline: bool) -> Plugin {
    let mut plugin = plugin(settings);
    plugin.activate(Setup { sample_rate: RATE, largest_block, offline }).expect("it can be activated");
    plugin
}

/// Plays one block and ignores its sound.
fn play(processor: &mut Processor, block: Block<'_>) -> Played {
    let length = usize::try_from(block.frames).expect("a block fits in memory");
    let (mut left, mut right) = (vec![0.0; length], vec![0.0; length]);
    let audio = segue_tests::vst3_host::Audio::Stereo([&mut left, &mut right]);
    let played = processor.process(block, audio).expect("a block can be made");
    assert!(played.ok, "the plugin takes every block");
    assert!(left.iter().chain(&right).all(|sample| sample.is_finite()));
    played
}

/// Projects store the class id, so all sixteen bytes are frozen, as is the category by which hosts sort instruments.
#[test]
fn the_class_id_the_category_and_the_vendor_are_frozen() {
    /// The first eight bytes have another order on Windows, so that songs can move there.
    #[cfg(not(target_os = "windows"))]
    const ID: [u8; 16] =
        [0x53, 0x0b, 0x5e, 0x83, 0x1d, 0x4e, 0x47, 0x5a, 0x9c, 0x21, 0x53, 0x65, 0x67, 0x75, 0x65, 0x21];
    #[cfg(target_os = "windows")]
    const ID: [u8; 16] =
        [0x83, 0x5e, 0x0b, 0x53, 0x4e, 0x1d, 0x5a, 0x47, 0x9c, 0x21, 0x53, 0x65, 0x67, 0x75, 0x65, 0x21];
    let module = Module::checked();
    let classes = module.classes().expect("the factory says what it has");
    let [class] = classes.as_slice() else { panic!("one class, not {classes:?}") };
    assert_eq!(class.id, ID);
    assert_eq!(class.category, "Audio Module Class");
    assert_eq!(class.sub_categories, "Instrument|Synth|Stereo");
    assert_eq!((class.name.as_str(), class.vendor.as_str()), ("Segue", "Segue"));
    assert_eq!(module.vendor().expect("the factory says"), "Segue");
}

/// No audio input, a stereo output, and notes in and out.
#[test]
fn the_buses_are_those_of_an_instrument_that_sends_notes() {
    assert_eq!(plugin(&[]).buses(), [0, 1, 1, 1]);
}

/// A host may leave out what a plugin does not need; Segue needs the transport, the tempo, the beat, the bar, the metre
/// and the loop.
#[test]
fn the_host_hears_that_segue_wants_its_whole_transport() {
    const MUSIC: u32 = 4;
    const BAR: u32 = 8;
    const CYCLE: u32 = 16;
    const TEMPO: u32 = 64;
    const METRE: u32 = 128;
    const TRANSPORT: u32 = 1024;
    let wanted = plugin(&[]).wanted_context().expect("it says what it wants");
    let needed = MUSIC | BAR | CYCLE | TEMPO | METRE | TRANSPORT;
    assert_eq!(wanted & needed, needed, "{wanted:#b}");
}

/// Segue has no latency. Its tail is endless even before its first note, because a host must not put it to sleep in the
/// gap before its answer, and hosts ask right after the activation. And no host is asked to restart because of it.
#[test]
fn no_latency_an_endless_tail_and_no_restart() {
    let mut plugin = plugin(&[]);
    assert_eq!(plugin.latency(), 0, "before the activation");
    plugin.activate(Setup { sample_rate: RATE, largest_block: 512, offline: false }).expect("it can be activated");
    assert_eq!((plugin.latency(), plugin.tail()), (0, u32::MAX), "before the first block");
    let mut processor = plugin.processor().expect("it is active");
    play(&mut processor, Block::of(0, 512));
    assert_eq!((plugin.latency(), plugin.tail()), (0, u32::MAX), "after it");
    assert_eq!(plugin.take_edits(), []);
}
