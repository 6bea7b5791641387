//! The open window as the host holds it, between the host and `nice-plug`'s own.
//!
//! WORKAROUND(baseview 0.4.2): with X11 a window has a thread of its own. Closing stops its loop and then joins it only
//! if it answers one more request; a thread that has left its loop does not, and goes on alone to release its picture
//! and its connection. A host that then unloads the plugin or exits crashes. Here closing waits. Not reported, see
//! <https://docs.rs/crate/baseview/0.4.2/source/src/platform/x11/window_thread.rs#L187>. Tested by
//! `a_host_may_close_window_and_plugin_in_any_order`. Delete [`ThreadGuard`] and [`ThreadWait`] when
//! `run_until_closed` joins without a request.
//!
//! WORKAROUND(nice-plug-egui 0.6.0): a window that resizes itself does not ask the host first, and hosts made with JUCE
//! undo the new size. Here the host is asked. Not reported, see
//! <https://docs.rs/crate/egui-baseview/0.9.0/source/src/window.rs#L623>. No test: none of our hosts refuses a size.
//! Delete [`SizeRequest`] when `ViewportCommand::InnerSize` asks the host.

use super::HostFacts;
use crate::params::window_size::{packed, unpacked};
use nice_plug::editor::dpi::{LogicalSize, NativeSize, Size};
use nice_plug::editor::{
    EditorHandle, HostCallbacks, HostMainThreadCaller, HostMethods, Modifiers, ParentWindowHandle, SpawnedEditor,
    VirtualKeyCode,
};
use nice_plug_egui::{EguiEditorHandle, baseview};
use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// On other systems it is the host's own thread that draws.
const HAS_A_THREAD: bool = cfg!(target_os = "linux");

type Caller = Arc<Mutex<Box<dyn HostMainThreadCaller>>>;
type Callbacks = Rc<RefCell<Box<dyn HostCallbacks>>>;

/// The size that the window wants to have, on its way to the host.
#[derive(Default)]
pub struct SizeRequest {
    /// In points, as `packed` packs them; nothing is wanted at 0.
    wanted: AtomicU64,
    /// The least size that a host should give, packed likewise; any at 0.
    least: AtomicU64,
    /// Nobody where there is no host.
    host: Option<Caller>,
}

impl SizeRequest {
    /// Asks for a size in points of the system. False where there is no host that could be asked.
    #[must_use]
    pub fn ask(&self, size: (f32, f32)) -> bool {
        let Some(host) = &self.host else { return false };
        self.wanted.store(packed(size), Ordering::Relaxed);
        host.lock().unwrap_or_else(PoisonError::into_inner).call_main_thread();
        true
    }

    /// Sets the least size that a host should give, in points of the system.
    pub fn set_least(&self, size: (f32, f32)) {
        self.least.store(packed(size), Ordering::Relaxed);
    }

    fn take(&self) -> Option<LogicalSize<f32>> {
        let wanted = self.wanted.swap(0, Ordering::Relaxed);
        let (width, height) = unpacked(wanted);
        (wanted != 0).then(|| LogicalSize::new(width, height))
    }
}

/// The host's methods, for nice-plug's window and for ours.
pub struct SharedHost {
    callbacks: Option<Callbacks>,
    /// Goes to what is drawn in the window.
    pub size_request: Arc<SizeRequest>,
    /// Goes to nice-plug.
    pub methods: Option<HostMethods>,
}

impl SharedHost {
    /// Shares them; there are none without a host.
    pub fn new(host: Option<HostMethods>) -> Self {
        let Some(HostMethods { callbacks, main_thread_caller }) = host else {
            return Self { callbacks: None, size_request: Arc::default(), methods: None };
        };
        let callbacks = Rc::new(RefCell::new(callbacks));
        let caller = Arc::new(Mutex::new(main_thread_caller));
        let methods = HostMethods {
            callbacks: Box::new(ForwardedCallbacks(Rc::clone(&callbacks))),
            main_thread_caller: Box::new(ForwardedCaller(Arc::clone(&caller))),
        };
        let size_request = Arc::new(SizeRequest { host: Some(caller), ..SizeRequest::default() });
        Self { callbacks: Some(callbacks), size_request, methods: Some(methods) }
    }
}

struct ForwardedCallbacks(Callbacks);

impl HostCallbacks for ForwardedCallbacks {
    fn request_resize(&mut self, size: Size, scale: f64) -> Result<(), Box<dyn Error>> {
        self.0.borrow_mut().request_resize(size, scale)
    }

    fn destroyed(&mut self) {
        self.0.borrow_mut().destroyed();
    }
}

struct ForwardedCaller(Caller);

impl HostMainThreadCaller for ForwardedCaller {
    fn call_main_thread(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).call_main_thread();
    }
}

/// The thread's end of the news that it has ended.
pub struct ThreadGuard {
    /// Says what it has to say when it is dropped.
    _news: Sender<()>,
}

impl ThreadGuard {
    /// Called by the window's thread: the other end is released when this thread has ended.
    pub fn with_this_thread(self) {
        thread_local!(static LEAVING: RefCell<Option<ThreadGuard>> = const { RefCell::new(None) });
        if HAS_A_THREAD {
            LEAVING.set(Some(self));
        }
    }
}

/// Waits, when it is dropped, for the window's thread.
pub struct ThreadWait(Receiver<()>);

/// The two ends of the news that a window's thread has ended.
pub fn thread_guard() -> (ThreadGuard, ThreadWait) {
    let (news, left) = channel();
    (ThreadGuard { _news: news }, ThreadWait(left))
}

impl Drop for ThreadWait {
    fn drop(&mut self) {
        /// A driver that hangs must not hang the host too.
        const PATIENCE: Duration = Duration::from_secs(5);
        if HAS_A_THREAD {
            // Nothing is ever sent: it ends when the other end is dropped.
            let _ = self.0.recv_timeout(PATIENCE);
        }
    }
}

/// The open window.
pub struct Window {
    // The first to be dropped: that ends the thread which is then waited for.
    inner: baseview::Window,
    _left: ThreadWait,
    host: Option<Callbacks>,
    size_request: Arc<SizeRequest>,
    facts: Arc<HostFacts>,
}

impl Window {
    /// Pixels per point.
    pub fn scale_factor(&self) -> f64 {
        self.inner.size().scale_factor
    }
}

/// By what nice-plug's wrappers of the plugin formats work the window.
pub struct Handle(EguiEditorHandle);

/// Puts ours around nice-plug's.
pub fn around(
    spawned: SpawnedEditor<EguiEditorHandle>,
    left: ThreadWait,
    host: SharedHost,
    facts: Arc<HostFacts>,
) -> SpawnedEditor<Handle> {
    let SpawnedEditor { handle, window } = spawned;
    let SharedHost { callbacks, size_request, .. } = host;
    let window = Window { inner: window, _left: left, host: callbacks, size_request, facts };
    SpawnedEditor { handle: Handle(handle), window }
}

impl Handle {
    /// Asks the host for the size that is wanted. Where a CLAP host says yes, the window follows by itself.
    ///
    /// WORKAROUND(clap-wrapper 0.3.1): its `request_resize` returns true where the VST3 host refused, and false where
    /// it agreed; a VST3 host that agrees sets the size itself. Not reported, see
    /// <https://docs.rs/crate/clap-wrapper/0.3.1/source/external/clap-wrapper/src/detail/vst3/plugview.cpp#L266>. No
    /// test: none of our hosts refuses a size. Delete when `WrappedView::request_resize` compares with `kResultOk`.
    fn pass_on_the_size(&self, window: &Window) {
        let (Some(host), Some(wanted)) = (&window.host, window.size_request.take()) else { return };
        let (size, scale) = (Size::Logical(wanted.cast()), window.inner.size().scale_factor);
        let granted = host.borrow_mut().request_resize(size, scale).is_ok();
        if granted && !window.facts.is_vst3() {
            // A window that cannot follow stays as it is.
            let _ = self.0.set_size(NativeSize::from_size(size, scale), &window.inner);
        }
    }
}

impl EditorHandle for Handle {
    type Window = Window;
    type Error = baseview::Error;

    fn run_until_closed(window: Window) -> Result<(), Self::Error> {
        window.inner.run_until_closed()
    }

    fn set_parent(&self, parent: ParentWindowHandle, window: &Window) -> Result<(), Self::Error> {
        self.0.set_parent(parent, &window.inner)
    }

    fn show(&self, window: &Window) -> Result<(), Self::Error> {
        self.0.show(&window.inner)
    }

    fn hide(&self, window: &Window) -> Result<(), Self::Error> {
        self.0.hide(&window.inner)
    }

    fn set_size(&self, size: NativeSize<u32>, window: &Window) -> Result<(), Self::Error> {
        self.0.set_size(size, &window.inner)
    }

    fn host_main_thread_callback(&self, window: &Window) {
        self.0.host_main_thread_callback(&window.inner);
        self.pass_on_the_size(window);
    }

    fn adjust_size(&self, size: NativeSize<u32>, window: &Window) -> Option<NativeSize<u32>> {
        let adjusted = self.0.adjust_size(size, &window.inner)?;
        let (width, height) = unpacked(window.size_request.least.load(Ordering::Relaxed));
        let points = LogicalSize::new(f64::from(width), f64::from(height));
        let least = NativeSize::<u32>::from_size(points.into(), window.inner.size().scale_factor);
        Some(NativeSize::new(adjusted.width.max(least.width), adjusted.height.max(least.height)))
    }

    fn set_fallback_scale_factor(&self, scale: f64, window: &Window) -> Result<(), Self::Error> {
        self.0.set_fallback_scale_factor(scale, &window.inner)
    }

    fn on_virtual_key_from_host(&self, key: VirtualKeyCode, is_down: bool, modifiers: Modifiers) -> bool {
        self.0.on_virtual_key_from_host(key, is_down, modifiers)
    }

    fn state_changed(&self) {
        self.0.state_changed();
    }

    fn param_value_changed(&self, id: &str, normalized: f32) {
        self.0.param_value_changed(id, normalized);
    }

    fn param_modulation_changed(&self, id: &str, offset: f32) {
        self.0.param_modulation_changed(id, offset);
    }
}
