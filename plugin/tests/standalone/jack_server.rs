//! Runs the program with a silent JACK server, to which a keyboard and a recorder are connected.

use super::{Running, end, segue};
use jack::{AsyncClient, AudioIn, Client, ClientOptions, Control, MidiIn, MidiOut, Port, ProcessHandler};
use jack::{ProcessScope, RawMidi};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Unlike the program's default, so that a mistake can be heard.
const RATE: u32 = 44_100;
const PERIOD: u32 = 512;
/// The environment variable with the server's name.
const SERVER: &str = "JACK_DEFAULT_SERVER";
const PATIENCE: Duration = Duration::from_secs(20);

/// A JACK server; dropping this ends it.
struct Server(Child);

impl Server {
    fn start(name: &str) -> Self {
        // It waits for slow clients, so that a busy machine changes nothing.
        let words = format!("-n {name} -r -S -d dummy -r {RATE} -p {PERIOD}");
        let server = Command::new("jackd")
            .args(words.split(' '))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("jackd cannot be started; `apt-get install jackd2` brings it");
        Self(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        const LOOKS: u32 = 60;
        // Ended in order, because otherwise its shared memory stays behind. A server that a crashed program left behind
        // may ignore the signal.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        for _ in 0..LOOKS {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a test of this file that is marked to be ignored in a process of its own, with the name of a server of its own.
fn passes_with_a_server_called(name: &str, test: &str) {
    let this = std::env::current_exe().expect("a test has a path");
    let test = format!("jack_server::{test}");
    // The server's name comes from the environment.
    let played = Command::new(this).args(["--exact", &test, "--ignored", "--nocapture"]).env(SERVER, name).output();
    let played = played.expect("the test can be started");
    let said = String::from_utf8_lossy(&played.stdout) + String::from_utf8_lossy(&played.stderr);
    assert!(played.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn played_over_jack_it_is_what_it_is_anywhere() {
    let name = format!("segue-test-{}", std::process::id());
    let _server = Server::start(&name);
    passes_with_a_server_called(&name, "played_over_jack_segue_answers_in_tune_and_in_time");
}

#[test]
fn sound_begins_and_comes_back_with_the_server() {
    let name = format!("segue-later-{}", std::process::id());
    passes_with_a_server_called(&name, "the_server_comes_goes_and_comes_back");
}

/// What the process callback and the test share.
#[derive(Default)]
struct Tape {
    /// The frames since the beginning.
    now: u64,
    /// The messages still to be sent, in order.
    to_play: Vec<(u64, [u8; 3])>,
    /// What was recorded: samples, and messages with their frames.
    sound: Vec<f32>,
    notes: Vec<(u64, Vec<u8>)>,
}

struct Rig {
    keys: Port<MidiOut>,
    notes: Port<MidiIn>,
    sound: Port<AudioIn>,
    tape: Arc<Mutex<Tape>>,
}

impl Rig {
    /// A keyboard, a synthesizer and a recorder at the server.
    fn start(client: Client) -> (AsyncClient<(), Self>, Arc<Mutex<Tape>>) {
        let tape = Arc::new(Mutex::new(Tape::default()));
        let rig = Self {
            keys: client.register_port("grand piano", MidiOut::default()).expect("a port"),
            notes: client.register_port("synth", MidiIn::default()).expect("a port"),
            sound: client.register_port("ear", AudioIn::default()).expect("a port"),
            tape: Arc::clone(&tape),
        };
        (client.activate_async((), rig).expect("the client can be activated"), tape)
    }
}

impl ProcessHandler for Rig {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        let mut tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = tape.now;
        tape.now += u64::from(scope.n_frames());
        let due = tape.to_play.partition_point(|(at, _)| *at < begin + u64::from(scope.n_frames()));
        let mut keys = self.keys.writer(scope);
        for (at, bytes) in tape.to_play.drain(..due) {
            let time = u32::try_from(at.saturating_sub(begin)).expect("within the block");
            keys.write(&RawMidi { time, bytes: &bytes }).expect("there is room");
        }
        let heard = self.notes.iter(scope).map(|midi| (begin + u64::from(midi.time), midi.bytes.to_vec()));
        tape.notes.extend(heard);
        tape.sound.extend_from_slice(self.sound.as_slice(scope));
        Control::Continue
    }
}

fn seconds(frames: u64) -> f64 {
    f64::from(u32::try_from(frames).expect("some seconds")) / f64::from(RATE)
}

fn frames(milliseconds: u64) -> u64 {
    milliseconds * u64::from(RATE) / 1_000
}

/// The amplitude of a tone in a sound (Goertzel's algorithm).
fn tone(sound: &[f32], hertz: f64) -> f64 {
    let turn = std::f64::consts::TAU * hertz / f64::from(RATE);
    let (mut real, mut imaginary, mut angle) = (0.0, 0.0, 0.0_f64);
    for &sample in sound {
        real += f64::from(sample) * angle.cos();
        imaginary += f64::from(sample) * angle.sin();
        angle += turn;
    }
    real.hypot(imaginary)
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        sleep(Duration::from_millis(20));
    }
}

fn client() -> Client {
    let mut client = None;
    wait_until("the server serves", || {
        client = Client::new("rig", ClientOptions::NO_START_SERVER).ok();
        client.is_some()
    });
    client.expect("the server was there").0
}

/// Over JACK the program is in tune, clicks in time, answers, and leaves no note on.
#[test]
#[ignore = "the test above starts it, with a server"]
fn played_over_jack_segue_answers_in_tune_and_in_time() {
    let client = client();
    let (client, tape) = Rig::start(client);
    let look = || tape.lock().unwrap_or_else(PoisonError::into_inner);
    let mut running =
        Running::start(segue("--midi-input GRAND --midi-output rig:syn --click --tempo 150").stdout(Stdio::null()));
    wait_until("Segue is heard", || client.as_client().connect_ports_by_name("segue:output_1", "rig:ear").is_ok());
    wait_until("it clicks", || onsets(&look().sound).len() >= 6);
    let begin = look().now + frames(100);
    // The first click may have begun before the ports were connected.
    let clicks = onsets(&look().sound).split_off(1);
    let beat = 60.0 / 150.0;
    for pair in clicks.windows(2) {
        assert!((pair[1] - pair[0] - beat).abs() < 0.002, "every {beat} s a click: {clicks:?}");
    }

    let melody = [69, 71, 73, 76];
    for (index, key) in melody.into_iter().enumerate() {
        let on = begin + frames(400 * index as u64);
        look().to_play.extend([(on, [0x90, key, 100]), (on + frames(300), [0x80, key, 0])]);
    }
    let last_off = begin + frames(400 * 3 + 300);
    wait_until("Segue answers", || look().notes.iter().filter(|(_, midi)| midi[0] & 0xF0 == 0x90).count() >= 6);

    let first = usize::try_from(begin).expect("some seconds");
    let first = look().sound[first + 2_000..first + 12_000].to_vec();
    let out_of_tune = 440.0 * f64::from(RATE) / 48_000.0;
    assert!(tone(&first, 440.0) > 10.0 * tone(&first, out_of_tune), "the A is one");
    let answer = look().notes[0].0;
    assert!(answer > last_off, "the answer at {} s is none", seconds(answer));
    assert!(seconds(answer - last_off) < 3.0, "the answer comes {} s late", seconds(answer - last_off));

    // In the middle of a note.
    wait_until("a note sounds", || sounding(&look().notes) > 0);
    end(&mut running.0, "-INT");
    assert_eq!(sounding(&look().notes), 0, "every note that began has ended");
}

/// The program starts before there is a server, plays as soon as there is one, survives its end, and plays again when
/// another one starts. A keyboard that comes later than the program is heard both times.
#[test]
#[ignore = "the test above starts it"]
fn the_server_comes_goes_and_comes_back() {
    let name = std::env::var(SERVER).expect("the test above names it");
    let mut running = Running::start(segue("").env("ALSA_CONFIG_PATH", "/dev/null").stdout(Stdio::null()));
    for round in 1..=2 {
        let server = Server::start(&name);
        let (client, tape) = Rig::start(client());
        let rig = client.as_client();
        wait_until("Segue is there", || rig.connect_ports_by_name("segue:output_1", "rig:ear").is_ok());
        let is_heard = || {
            let port = rig.port_by_name("segue:midi_input");
            port.is_some_and(|port| port.is_connected_to("rig:grand piano").unwrap_or_default())
        };
        wait_until("the keyboard is connected", is_heard);
        let look = || tape.lock().unwrap_or_else(PoisonError::into_inner);
        let mut look_again = 0;
        wait_until("a key sounds", || {
            // A fresh key each time, because the first may come before the sound does.
            look_again += 1;
            if look_again % 25 == 1 {
                let now = look().now;
                look().to_play.extend([(now, [0x90, 69, 100]), (now + frames(300), [0x80, 69, 0])]);
            }
            look().sound.iter().any(|sample| sample.abs() > 0.02)
        });
        assert_eq!(running.0.try_wait().expect("it can be asked"), None, "round {round}");
        drop(client);
        drop(server);
    }
    end(&mut running.0, "-TERM");
}

/// How many notes have begun but not ended.
fn sounding(notes: &[(u64, Vec<u8>)]) -> usize {
    let of_kind = |kind: u8| notes.iter().filter(|(_, midi)| midi[0] & 0xF0 == kind).count();
    of_kind(0x90) - of_kind(0x80)
}

/// The times at which the sound becomes loud, in seconds.
fn onsets(sound: &[f32]) -> Vec<f64> {
    const LOUD: f32 = 0.02;
    /// A click has decayed by then.
    const APART: usize = 8_820;
    let mut onsets = Vec::new();
    let mut next = 0;
    for (frame, sample) in sound.iter().enumerate() {
        if frame >= next && sample.abs() > LOUD {
            onsets.push(seconds(frame as u64));
            next = frame + APART;
        }
    }
    onsets
}
