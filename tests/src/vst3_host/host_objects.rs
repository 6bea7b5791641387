//! The objects that the host gives to a plugin: lists, a stream, and the host itself.

#![allow(unsafe_code, reason = "VST3 is an interface in C++")]

use super::block::{Cue, Event as Heard, Out, Point, Sent};
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vst3::Steinberg::Vst::Event_::EventTypes_;
use vst3::Steinberg::Vst::{
    Event, Event__type0, IComponentHandler, IComponentHandler2, IComponentHandler2Trait, IComponentHandlerTrait,
    IEventList, IEventListTrait, IHostApplication, IHostApplicationTrait, IParamValueQueue, IParamValueQueueTrait,
    IParameterChanges, IParameterChangesTrait, NoteExpressionValueEvent, NoteOffEvent, NoteOnEvent, ParamID,
    ParamValue, PolyPressureEvent, String128,
};
use vst3::Steinberg::{
    FIDString, IBStream, IBStreamTrait, TBool, TUID, int32, int64, kInvalidArgument, kNotImplemented, kResultFalse,
    kResultOk, tresult,
};
use vst3::{Class, ComWrapper};

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads a list at an index from the plugin, which may be out of range.
fn at<T: Copy>(list: &Mutex<Vec<T>>, index: int32) -> Option<T> {
    lock(list).get(usize::try_from(index).ok()?).copied()
}

/// A list of events with a limited capacity.
pub struct EventList {
    events: Mutex<Vec<Event>>,
    room: usize,
    refused: AtomicUsize,
}

impl EventList {
    pub fn of(cues: &[Cue]) -> ComWrapper<Self> {
        let events = Mutex::new(cues.iter().map(event).collect());
        ComWrapper::new(Self { events, room: usize::MAX, refused: AtomicUsize::new(0) })
    }

    pub fn with_room(room: usize) -> ComWrapper<Self> {
        ComWrapper::new(Self { events: Mutex::default(), room, refused: AtomicUsize::new(0) })
    }

    pub fn sent(&self) -> Vec<Sent> {
        lock(&self.events).iter().map(sent).collect()
    }

    pub fn refused(&self) -> usize {
        self.refused.load(Relaxed)
    }
}

fn event(cue: &Cue) -> Event {
    let (kind, field) = match cue.event {
        Heard::On { id, channel, key, velocity } => {
            let on = NoteOnEvent { channel, pitch: key, tuning: 0.0, velocity, length: 0, noteId: id };
            (EventTypes_::kNoteOnEvent, Event__type0 { noteOn: on })
        }
        Heard::Off { id, channel, key } => {
            let off = NoteOffEvent { channel, pitch: key, velocity: 0.0, noteId: id, tuning: 0.0 };
            (EventTypes_::kNoteOffEvent, Event__type0 { noteOff: off })
        }
        Heard::Pressure { id, channel, key, pressure } => {
            let pressure = PolyPressureEvent { channel, pitch: key, pressure, noteId: id };
            (EventTypes_::kPolyPressureEvent, Event__type0 { polyPressure: pressure })
        }
        Heard::Expression { id, kind, value } => {
            let value = NoteExpressionValueEvent { typeId: kind, noteId: id, value };
            (EventTypes_::kNoteExpressionValueEvent, Event__type0 { noteExpressionValue: value })
        }
    };
    #[allow(clippy::cast_possible_truncation, clippy::useless_conversion, reason = "a few kinds; as wide as C's enum")]
    let kind = u16::try_from(kind).unwrap_or(u16::MAX);
    Event { busIndex: 0, sampleOffset: cue.offset, ppqPosition: 0.0, flags: 0, r#type: kind, __field0: field }
}

fn sent(event: &Event) -> Sent {
    let out = match event.r#type.into() {
        EventTypes_::kNoteOnEvent => {
            // SAFETY: the type says which field is valid.
            let on = unsafe { event.__field0.noteOn };
            Out::On { channel: on.channel, key: on.pitch, velocity: on.velocity }
        }
        EventTypes_::kNoteOffEvent => {
            // SAFETY: the type says which field is valid.
            let off = unsafe { event.__field0.noteOff };
            Out::Off { channel: off.channel, key: off.pitch }
        }
        _ => Out::Other(event.r#type),
    };
    Sent { offset: event.sampleOffset, out }
}

impl Class for EventList {
    type Interfaces = (IEventList,);
}

impl IEventListTrait for EventList {
    unsafe fn getEventCount(&self) -> int32 {
        int32::try_from(lock(&self.events).len()).unwrap_or(int32::MAX)
    }

    unsafe fn getEvent(&self, index: int32, event: *mut Event) -> tresult {
        let Some(found) = at(&self.events, index) else { return kInvalidArgument };
        // SAFETY: the plugin gives room for an event.
        unsafe { event.write(found) };
        kResultOk
    }

    unsafe fn addEvent(&self, event: *mut Event) -> tresult {
        let mut events = lock(&self.events);
        if events.len() >= self.room {
            self.refused.fetch_add(1, Relaxed);
            return kResultFalse;
        }
        // SAFETY: the plugin gives a whole event.
        events.push(unsafe { *event });
        kResultOk
    }
}

/// The points of one parameter.
pub struct Queue {
    parameter: ParamID,
    points: Mutex<Vec<(int32, ParamValue)>>,
}

impl Class for Queue {
    type Interfaces = (IParamValueQueue,);
}

impl IParamValueQueueTrait for Queue {
    unsafe fn getParameterId(&self) -> ParamID {
        self.parameter
    }

    unsafe fn getPointCount(&self) -> int32 {
        int32::try_from(lock(&self.points).len()).unwrap_or(int32::MAX)
    }

    unsafe fn getPoint(&self, index: int32, offset: *mut int32, value: *mut ParamValue) -> tresult {
        let Some((found, worth)) = at(&self.points, index) else { return kResultFalse };
        // SAFETY: the plugin gives room for both.
        unsafe {
            offset.write(found);
            value.write(worth);
        }
        kResultOk
    }

    unsafe fn addPoint(&self, offset: int32, value: ParamValue, index: *mut int32) -> tresult {
        let mut points = lock(&self.points);
        // SAFETY: the plugin gives room for it.
        unsafe { index.write(int32::try_from(points.len()).unwrap_or(0)) };
        points.push((offset, value));
        kResultOk
    }
}

/// Queues of points, in the order in which their parameters came first.
#[derive(Default)]
pub struct Changes {
    queues: Mutex<Vec<ComWrapper<Queue>>>,
}

impl Changes {
    pub fn of(points: &[Point]) -> ComWrapper<Self> {
        let changes = Self::default();
        for point in points {
            let (_, queue) = changes.queue(point.parameter);
            lock(&queue.points).push((point.offset, point.value));
        }
        ComWrapper::new(changes)
    }

    fn queue(&self, parameter: ParamID) -> (usize, ComWrapper<Queue>) {
        let mut queues = lock(&self.queues);
        let found = queues.iter().position(|queue| queue.parameter == parameter);
        let index = found.unwrap_or_else(|| {
            queues.push(ComWrapper::new(Queue { parameter, points: Mutex::default() }));
            queues.len() - 1
        });
        (index, queues[index].clone())
    }

    pub fn points(&self) -> Vec<Point> {
        let queues = lock(&self.queues);
        let points = |queue: &ComWrapper<Queue>| {
            let parameter = queue.parameter;
            lock(&queue.points)
                .iter()
                .map(|(offset, value)| Point { parameter, offset: *offset, value: *value })
                .collect::<Vec<_>>()
        };
        queues.iter().flat_map(points).collect()
    }
}

impl Class for Changes {
    type Interfaces = (IParameterChanges,);
}

/// The list keeps the queue alive, so the plugin borrows it.
fn borrowed(queue: &ComWrapper<Queue>) -> *mut IParamValueQueue {
    queue.as_com_ref::<IParamValueQueue>().map_or(std::ptr::null_mut(), |queue| queue.as_ptr())
}

impl IParameterChangesTrait for Changes {
    unsafe fn getParameterCount(&self) -> int32 {
        int32::try_from(lock(&self.queues).len()).unwrap_or(int32::MAX)
    }

    unsafe fn getParameterData(&self, index: int32) -> *mut IParamValueQueue {
        let queues = lock(&self.queues);
        usize::try_from(index).ok().and_then(|index| queues.get(index)).map_or(std::ptr::null_mut(), borrowed)
    }

    unsafe fn addParameterData(&self, id: *const ParamID, index: *mut int32) -> *mut IParamValueQueue {
        // SAFETY: the plugin gives a number.
        let (found, queue) = self.queue(unsafe { *id });
        // SAFETY: the plugin gives room for it.
        unsafe { index.write(int32::try_from(found).unwrap_or(0)) };
        borrowed(&queue)
    }
}

/// Bytes that a plugin saves or loads.
pub struct Stream {
    bytes: Mutex<(Vec<u8>, usize)>,
}

impl Stream {
    pub fn of(bytes: &[u8]) -> ComWrapper<Self> {
        ComWrapper::new(Self { bytes: Mutex::new((bytes.to_vec(), 0)) })
    }

    pub fn bytes(&self) -> Vec<u8> {
        lock(&self.bytes).0.clone()
    }
}

impl Class for Stream {
    type Interfaces = (IBStream,);
}

impl IBStreamTrait for Stream {
    unsafe fn read(&self, buffer: *mut c_void, wanted: int32, done: *mut int32) -> tresult {
        let mut guard = lock(&self.bytes);
        let (bytes, position) = &mut *guard;
        let left = bytes.get(*position..).unwrap_or_default();
        let count = left.len().min(usize::try_from(wanted).unwrap_or(0));
        // SAFETY: the plugin gives room for as many as it asks for.
        unsafe { std::ptr::copy_nonoverlapping(left.as_ptr(), buffer.cast(), count) };
        *position += count;
        report(done, count)
    }

    unsafe fn write(&self, buffer: *mut c_void, count: int32, done: *mut int32) -> tresult {
        let count = usize::try_from(count).unwrap_or(0);
        // SAFETY: the plugin gives this many bytes.
        let given = unsafe { std::slice::from_raw_parts(buffer.cast::<u8>(), count) };
        lock(&self.bytes).0.extend_from_slice(given);
        report(done, count)
    }

    unsafe fn seek(&self, _position: int64, _mode: int32, _result: *mut int64) -> tresult {
        kNotImplemented
    }

    unsafe fn tell(&self, _position: *mut int64) -> tresult {
        kNotImplemented
    }
}

fn report(done: *mut int32, count: usize) -> tresult {
    // SAFETY: the plugin gives room for the count, or null.
    if let Some(done) = unsafe { done.as_mut() } {
        *done = int32::try_from(count).unwrap_or(int32::MAX);
    }
    kResultOk
}

/// What the plugin's window did, as the host learns of it on its main thread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Edit {
    /// A gesture begins.
    Begin(u32),
    /// A value, 0 to 1.
    Set(u32, f64),
    /// A gesture ends.
    End(u32),
    /// The project has unsaved changes.
    Dirty,
    /// The plugin has requested something, by VST3's flags.
    Restart(i32),
}

/// The host, as the plugin's controller sees it.
#[derive(Default)]
pub struct Handler {
    edits: Arc<Mutex<Vec<Edit>>>,
}

impl Handler {
    pub fn take_edits(&self) -> Vec<Edit> {
        std::mem::take(&mut *lock(&self.edits))
    }

    fn note(&self, edit: Edit) -> tresult {
        lock(&self.edits).push(edit);
        kResultOk
    }
}

impl Class for Handler {
    type Interfaces = (IComponentHandler, IComponentHandler2);
}

impl IComponentHandlerTrait for Handler {
    unsafe fn beginEdit(&self, id: ParamID) -> tresult {
        self.note(Edit::Begin(id))
    }

    unsafe fn performEdit(&self, id: ParamID, value: ParamValue) -> tresult {
        self.note(Edit::Set(id, value))
    }

    unsafe fn endEdit(&self, id: ParamID) -> tresult {
        self.note(Edit::End(id))
    }

    unsafe fn restartComponent(&self, flags: int32) -> tresult {
        self.note(Edit::Restart(flags))
    }
}

impl IComponentHandler2Trait for Handler {
    unsafe fn setDirty(&self, _state: TBool) -> tresult {
        self.note(Edit::Dirty)
    }

    unsafe fn requestOpenEditor(&self, _name: FIDString) -> tresult {
        kNotImplemented
    }

    unsafe fn startGroupEdit(&self) -> tresult {
        kNotImplemented
    }

    unsafe fn finishGroupEdit(&self) -> tresult {
        kNotImplemented
    }
}

/// The host's program.
pub struct Application;

impl Class for Application {
    type Interfaces = (IHostApplication,);
}

impl IHostApplicationTrait for Application {
    unsafe fn getName(&self, name: *mut String128) -> tresult {
        let mut text: String128 = [0; 128];
        for (letter, place) in "Segue's small VST3 host".encode_utf16().zip(&mut text) {
            *place = letter;
        }
        // SAFETY: the plugin gives room for a name.
        unsafe { name.write(text) };
        kResultOk
    }

    unsafe fn createInstance(&self, _class: *mut TUID, _interface: *mut TUID, _object: *mut *mut c_void) -> tresult {
        kNotImplemented
    }
}
