//! Sound and MIDI of the program: which devices are there, which are connected, and what the window shows of that.
//!
//! One thread looks for devices, connects those that are wanted, and begins again when they are lost. It alone opens
//! and closes them; the audio threads belong to the systems.

mod block_player;
mod card;
mod direct_midi;
mod jack_client;
mod midi;
mod view;

pub use card::StreamTiming;

use crate::choice::{DeviceChoice, SoundChoice, SoundTarget};
use crate::devices::{Port, Ports};
use crate::instrument::SharedInstrument;
use anyhow::Result;
use block_player::{BlockCount, BlockPlayer};
use card::CardStream;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use jack_client::JackClient;
use segue::devices::{DeviceListKind, DeviceNote, Devices, DevicesView};
use segue::editor::Signals;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often devices are looked for.
const OFTEN: Duration = Duration::from_secs(1);
/// How often sound cards are looked for while sound plays: asking for them may disturb it.
const RARELY: Duration = Duration::from_secs(10);
/// Longer than any system makes a program wait for its next block.
const STILL: Duration = Duration::from_secs(3);
/// Longer than any block, so that the note-offs are sent before a connection ends.
const LAST_BLOCK: Duration = Duration::from_millis(120);
/// The blocks that are played without sound, in frames and frames per second.
pub const SILENT_BLOCK: (u32, u32) = (480, 48_000);

/// Sound and MIDI of the program. Clones share them.
#[derive(Clone)]
pub struct SoundSystem(Arc<SharedSound>);

struct SharedSound {
    choice: Mutex<DeviceChoice>,
    /// The same without what the command line says for this time only.
    to_remember: Mutex<DeviceChoice>,
    view: Mutex<Arc<DevicesView>>,
    /// Whether blocks are to be played without sound.
    is_silent: AtomicBool,
    /// Wakes the thread.
    wake: Sender<Wake>,
    woken: Receiver<Wake>,
    /// What the window says besides.
    also: Vec<DeviceNote>,
    has_screen: bool,
    signals: Arc<Signals>,
}

/// Why the thread is woken.
enum Wake {
    /// Other devices are wanted.
    Chosen,
    /// The program ends; the sender is dropped when the devices are closed.
    End(Sender<()>),
}

impl SoundSystem {
    /// Nothing is connected yet. The window also shows these notes.
    pub fn new(
        choice: DeviceChoice,
        to_remember: DeviceChoice,
        also: Vec<DeviceNote>,
        signals: Arc<Signals>,
        has_screen: bool,
    ) -> Self {
        let (wake, woken) = unbounded();
        Self(Arc::new(SharedSound {
            choice: Mutex::new(choice),
            to_remember: Mutex::new(to_remember),
            view: Mutex::default(),
            is_silent: AtomicBool::new(false),
            wake,
            woken,
            also,
            has_screen,
            signals,
        }))
    }

    /// Looks for devices and connects them, from now on until the program ends.
    pub fn start(&self, instrument: SharedInstrument, timing: StreamTiming) {
        let sound = self.clone();
        thread::spawn(move || Connections::new(sound, instrument, timing).run());
    }

    /// What the musician has chosen.
    fn choice(&self) -> DeviceChoice {
        lock(&self.0.choice).clone()
    }

    /// What to remember for the next start: what was chosen in the window, then or now.
    pub fn to_remember(&self) -> DeviceChoice {
        lock(&self.0.to_remember).clone()
    }

    /// Closes the devices before the program ends.
    pub fn end(&self) {
        let (done, closed) = bounded(0);
        // The other end is dropped when the devices are closed, or with the thread.
        if self.0.wake.send(Wake::End(done)).is_ok() {
            let _ = closed.recv_timeout(STILL);
        }
    }

    /// A player for blocks without sound, which nothing but time asks for.
    pub fn silent_player(&self, instrument: SharedInstrument) -> SilentPlayer {
        #[expect(clippy::cast_precision_loss, reason = "a sample rate")]
        let rate = SILENT_BLOCK.1 as f32;
        SilentPlayer { sound: self.clone(), player: BlockPlayer::new(instrument, BlockCount::default(), rate) }
    }
}

/// Plays blocks as long as no device asks for them.
pub struct SilentPlayer {
    sound: SoundSystem,
    player: BlockPlayer,
}

impl SilentPlayer {
    /// Plays a block, if no device does.
    pub fn play(&mut self, left: &mut [f32], right: &mut [f32]) {
        if self.sound.0.is_silent.load(Ordering::Acquire) {
            self.player.midi.clear();
            self.player.play(left, right);
        }
    }
}

impl Devices for SoundSystem {
    fn view(&self) -> Arc<DevicesView> {
        Arc::clone(&lock(&self.0.view))
    }

    fn choose(&self, list: DeviceListKind, name: &str) {
        let mut choice = lock(&self.0.choice);
        view::choose(&mut choice, list, name);
        let mut remembered = lock(&self.0.to_remember);
        match list {
            DeviceListKind::Audio => remembered.sound.clone_from(&choice.sound),
            DeviceListKind::MidiInput => remembered.midi_inputs.clone_from(&choice.midi_inputs),
            DeviceListKind::MidiOutput => remembered.midi_outputs.clone_from(&choice.midi_outputs),
        }
        // The thread lives as long as the program.
        let _ = self.0.wake.send(Wake::Chosen);
    }
}

/// What is connected.
enum Connection {
    Jack(JackClient),
    Card(CardStream),
    Silence,
}

/// The thread's own state.
struct Connections {
    sound: SoundSystem,
    instrument: SharedInstrument,
    timing: StreamTiming,
    ports: Ports,
    connection: Connection,
    target: SoundTarget,
    /// Samples per second of what is connected.
    sample_rate: u32,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    count: BlockCount,
    /// The count of blocks when it last changed, and when that was.
    alive: (u32, Instant),
    /// Why the wanted device does not play.
    fault: Option<String>,
    /// When to try again what has not worked.
    next_try: Instant,
    /// Whether sound was lost that was there before.
    is_lost: bool,
    looked_for_cards: Instant,
    said: Vec<String>,
}

impl Connections {
    fn new(sound: SoundSystem, instrument: SharedInstrument, timing: StreamTiming) -> Self {
        let now = Instant::now();
        Self {
            sound,
            instrument,
            timing,
            ports: Ports::find(),
            connection: Connection::Silence,
            target: SoundTarget::Silence,
            sample_rate: 0,
            inputs: Vec::new(),
            outputs: Vec::new(),
            count: BlockCount::default(),
            alive: (0, now),
            fault: None,
            next_try: now,
            is_lost: false,
            looked_for_cards: now,
            said: Vec::new(),
        }
    }

    fn run(mut self) {
        self.fall_silent();
        loop {
            self.update();
            match self.sound.0.woken.recv_timeout(OFTEN) {
                Ok(Wake::Chosen) => self.next_try = Instant::now(),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Wake::End(done)) => {
                    self.connection = Connection::Silence;
                    drop(done);
                    return;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.look();
        }
    }

    /// Looks for devices.
    fn look(&mut self) {
        self.ports.midi.clear();
        self.ports.find_midi();
        match &self.connection {
            Connection::Jack(jack) => {
                if let Some(client) = jack.client().filter(|_| !self.stands_still()) {
                    self.ports.find_jack_ports(client);
                }
            }
            // A card that plays is not left for a server that was started later, unless that was chosen.
            Connection::Card(_) if self.sound.choice().sound != SoundChoice::Jack => self.ports.jack = None,
            _ => self.ports.find_jack(),
        }
        let pause = if matches!(self.connection, Connection::Silence) { OFTEN } else { RARELY };
        if self.looked_for_cards.elapsed() >= pause {
            self.looked_for_cards = Instant::now();
            self.ports.cards.clear();
            self.ports.find_cards();
        }
    }

    /// Connects what is wanted and there.
    fn update(&mut self) {
        let choice = self.sound.choice();
        if self.has_gone() {
            self.is_lost = true;
            self.ports.jack = None;
            self.disconnect();
        }
        let target = choice.target(&self.ports, &self.target);
        if target != self.target && Instant::now() >= self.next_try {
            if self.target != SoundTarget::Silence {
                // The notes that sound elsewhere end first.
                self.sound.0.signals.ask_panic();
                thread::sleep(LAST_BLOCK);
            }
            self.disconnect();
            self.fault = self.connect(&target).err().map(|error| format!("{error:#}"));
            if self.fault.is_some() {
                self.next_try = Instant::now() + STILL;
            }
        } else if target == SoundTarget::Silence {
            self.fault = None;
        }
        self.connect_midi(&choice);
        self.is_lost &= self.target == SoundTarget::Silence;
        self.sound.0.signals.set_mute(self.is_lost);
        self.publish(&choice);
    }

    /// Whether what was connected asks for no more blocks.
    fn has_gone(&mut self) -> bool {
        let blocks = self.count.get();
        if blocks != self.alive.0 {
            self.alive = (blocks, Instant::now());
        }
        match &self.connection {
            Connection::Silence => false,
            Connection::Card(card) => card.is_lost() || self.stands_still(),
            Connection::Jack(_) => self.stands_still(),
        }
    }

    fn stands_still(&self) -> bool {
        self.count.get() == self.alive.0 && self.alive.1.elapsed() > STILL
    }

    fn connect(&mut self, target: &SoundTarget) -> Result<()> {
        self.alive = (self.count.get(), Instant::now());
        let silence = |sound: &SoundSystem, is_silent| sound.0.is_silent.store(is_silent, Ordering::Release);
        match target {
            SoundTarget::Silence => return Ok(()),
            SoundTarget::Jack => {
                silence(&self.sound, false);
                let started = JackClient::start(&self.instrument, &self.count);
                let (jack, rate) = started.inspect_err(|_| self.fall_silent())?;
                (self.connection, self.sample_rate) = (Connection::Jack(jack), rate);
            }
            SoundTarget::Card(name) => {
                silence(&self.sound, false);
                let started = CardStream::start(name.as_deref(), self.timing, &self.instrument, &self.count);
                let (card, rate) = started.inspect_err(|_| self.fall_silent())?;
                (self.connection, self.sample_rate) = (Connection::Card(card), rate);
            }
        }
        self.target = target.clone();
        Ok(())
    }

    fn disconnect(&mut self) {
        if matches!(self.connection, Connection::Silence) {
            return;
        }
        self.connection = Connection::Silence;
        self.target = SoundTarget::Silence;
        self.inputs.clear();
        self.outputs.clear();
        self.fall_silent();
    }

    /// Plays without sound from now on.
    fn fall_silent(&self) {
        #[expect(clippy::cast_precision_loss, reason = "a sample rate")]
        self.instrument.start(SILENT_BLOCK.1 as f32);
        self.sound.0.is_silent.store(true, Ordering::Release);
    }

    fn connect_midi(&mut self, choice: &DeviceChoice) {
        let system = self.target.system();
        let now: Vec<String> = self.inputs.iter().map(|port| port.name.clone()).collect();
        let inputs: Vec<Port> = choice.inputs(&self.ports, system, &now).into_iter().cloned().collect();
        let outputs: Vec<Port> = choice.outputs(&self.ports, system).into_iter().cloned().collect();
        let names = |ports: &[Port]| ports.iter().map(|port| port.name.clone()).collect::<Vec<_>>();
        match &mut self.connection {
            Connection::Jack(jack) => jack.connect(&names(&inputs), &names(&outputs)),
            Connection::Card(card) => card.midi().connect(&names(&inputs), &names(&outputs)),
            Connection::Silence => {}
        }
        (self.inputs, self.outputs) = (inputs, outputs);
    }

    /// Tells the window, and the terminal what is new.
    fn publish(&mut self, choice: &DeviceChoice) {
        let facts = view::Facts {
            ports: &self.ports,
            target: &self.target,
            sample_rate: self.sample_rate,
            inputs: &self.inputs,
            outputs: &self.outputs,
            fault: self.fault.as_deref(),
            has_screen: self.sound.0.has_screen,
        };
        let mut shown = view::of(choice, &facts);
        let said: Vec<String> = shown.notes.iter().map(|note| note.text.clone()).collect();
        for text in said.iter().filter(|text| !self.said.contains(text)) {
            // A terminal that has been closed is no reason to stop.
            let _ = writeln!(std::io::stdout(), "{text}");
        }
        self.said = said;
        shown.notes.extend(self.sound.0.also.iter().cloned());
        let mut before = lock(&self.sound.0.view);
        if **before != shown {
            *before = Arc::new(shown);
            drop(before);
            self.sound.0.signals.tell_news();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
