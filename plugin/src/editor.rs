//! The window: past and planned notes, and controls for every parameter that can be heard.
//!
//! An open window draws what the audio thread publishes (the event log and the counters) and changes parameters through
//! gestures, so that a host can record them. The audio thread never waits for it. It draws only when something changes.
//! While the window is closed, only its size is kept.

mod capture_button;
mod chart_field;
mod chart_sheet;
mod controls;
mod device_card;
mod file_dialog;
mod forget;
mod keyboard;
mod meters;
mod notice;
mod own_style;
mod pages;
mod presets;
mod resize_handle;
mod roll;
mod status;
mod tap;
mod tempo_field;
mod test_probe;
#[cfg(test)]
mod tests;
mod theme;
mod ui_context;
mod undo;
mod window_scale;

use crate::devices::Devices;
use crate::host_adapter::editor_window::{SharedHost, SizeRequest, ThreadGuard};
use crate::host_adapter::{HostFacts, editor_window};
#[cfg(target_os = "linux")]
use crate::host_adapter::{focus_return, x11_map_delay};
use crate::keyboard::{HeldKeys, Keyboard};
use crate::params::SegueParams;
use crate::preferences::{PreferencesFile, SCALES};
use chart_field::ChartField;
use egui::{Ui, ViewportCommand};
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize};
use nice_plug::editor::{Editor, HostMethods, ParentWindowHandle, ResizeHint, SpawnedEditor};
use nice_plug::prelude::PluginApi;
use nice_plug_egui::baseview::{HandlerError, WindowSize};
use nice_plug_egui::{EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier, create_egui_editor};
use pages::Page;
use presets::PresetMenu;
use roll::Roll;
use segue_engine::recorder::{EventLog, Watch};
use segue_engine::stats::Stats;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use test_probe::TestProbe;
use ui_context::{Interaction, UiContext};

/// The shortest time between frames while something moves: at most 60 a second.
const FRAME: Duration = Duration::from_nanos(16_666_667);

/// Flags and notifications between the editor and the audio thread. Neither waits for the other.
#[derive(Debug, Default)]
pub struct Signals {
    panic: AtomicBool,
    /// Whether the window should close itself.
    close: AtomicBool,
    /// Whether the system has stopped asking for sound.
    mute: AtomicBool,
    news: RepaintNotifier,
}

impl Signals {
    /// True once for each time that *Panic* was pressed.
    pub fn take_panic(&self) -> bool {
        // A load first, because a swap is slower and would cost time in every block.
        self.panic.load(Ordering::Relaxed) && self.panic.swap(false, Ordering::Relaxed)
    }

    /// Asks for all sounding notes to end.
    pub fn ask_panic(&self) {
        self.panic.store(true, Ordering::Relaxed);
    }

    /// Asks the window to close itself, in the program without a host.
    pub fn ask_to_close(&self) {
        self.close.store(true, Ordering::Relaxed);
        self.tell_news();
    }

    /// Sets whether sound has stopped being asked for. Only the program without a host knows that.
    pub fn set_mute(&self, is_mute: bool) {
        if self.mute.swap(is_mute, Ordering::Relaxed) != is_mute {
            self.tell_news();
        }
    }

    /// Whether sound has stopped being asked for.
    pub fn is_mute(&self) -> bool {
        self.mute.load(Ordering::Relaxed)
    }

    /// Asks the window to draw, because something has changed.
    pub fn tell_news(&self) {
        self.news.request_repaint();
    }
}

/// What the window shows and changes.
#[derive(Clone)]
pub struct EditorData {
    /// The parameters.
    pub params: Arc<SegueParams>,
    /// The counters of the instance.
    pub stats: Arc<Stats>,
    /// What has sounded.
    pub pages: Arc<EventLog>,
    /// Flags between the window and the audio thread.
    pub signals: Arc<Signals>,
    /// The computer's keyboard as a piano, in the program without a host.
    pub keys: Arc<HeldKeys>,
    /// What is known about the host.
    pub host: Arc<HostFacts>,
    /// What belongs to the musician and not to a song.
    pub preferences: PreferencesFile,
    /// Sound and MIDI devices, in the program without a host.
    pub devices: Option<Arc<dyn Devices>>,
}

/// The editor of one instance. Until a host opens it there is no window and no drawing context.
pub struct SegueEditor {
    data: EditorData,
    scale: Arc<EditorScale>,
}

/// How large the points of a window are. Both are factors, as bits.
struct EditorScale {
    /// Pixels per point of the system, as the window last reported.
    system: AtomicU32,
    /// The window's own scale.
    window: AtomicU32,
}

impl EditorScale {
    fn new(window: f32) -> Self {
        Self { system: AtomicU32::new(1.0_f32.to_bits()), window: AtomicU32::new(window.to_bits()) }
    }

    fn window(&self) -> f32 {
        f32::from_bits(self.window.load(Ordering::Relaxed))
    }

    fn system(&self) -> f32 {
        f32::from_bits(self.system.load(Ordering::Relaxed))
    }

    fn set_window(&self, factor: f32) {
        self.window.store(factor.to_bits(), Ordering::Relaxed);
    }

    fn set_system(&self, factor: f32) {
        self.system.store(factor.to_bits(), Ordering::Relaxed);
    }
}

impl SegueEditor {
    /// The editor of an instance.
    pub fn new(data: EditorData) -> Self {
        let factor = wanted_scale(&data);
        Self { data, scale: Arc::new(EditorScale::new(factor)) }
    }

    /// The size of the window in points of the system.
    pub fn points(&self) -> (f32, f32) {
        let ((width, height), factor) = (self.data.params.window.size(), self.scale.window());
        (width * factor, height * factor)
    }

    /// The same with sound and MIDI devices, for the program without a host.
    #[must_use]
    pub fn with_devices(mut self, devices: Arc<dyn Devices>) -> Self {
        self.data.devices = Some(devices);
        self
    }
}

/// A window that can be resized, but not below the size that it needs at this scale.
fn resize_hint(percent: u16) -> ResizeHint {
    let (width, height) = window_scale::least(percent);
    ResizeHint::RESIZABLE.with_min_logical_size(LogicalSize::new(width, height))
}

/// The scale that the musician has chosen, as a factor.
fn wanted_scale(data: &EditorData) -> f32 {
    window_scale::factor(data.preferences.read().scale_percent())
}

impl Editor for SegueEditor {
    type Handle = editor_window::Handle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        gui_context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<Self::Handle>, Box<dyn Error>> {
        let (width, height) = self.data.params.window.size();
        // Another instance may have changed it.
        self.scale.set_window(wanted_scale(&self.data));
        let points = LogicalSize::new(f64::from(width), f64::from(height));
        let state = EguiEditorState::from_size(points, self.scale.window());
        let settings = EguiNiceSettings {
            title: "Segue".into(),
            resize_hint: resize_hint(SCALES[0]),
            ..EguiNiceSettings::default()
        };
        let mut host = SharedHost::new(host);
        let (thread_guard, left) = editor_window::thread_guard();
        let app = App::new(self, gui_context.clone(), Arc::clone(&host.size_request), thread_guard);
        let editor = create_egui_editor(state, self.data.signals.news.clone(), settings, app)
            .ok_or("the window cannot be described")?;
        let methods = host.methods.take();
        let spawned = editor.spawn(parent, wait_for_parent, fallback_scale_factor, gui_context, methods)?;
        Ok(editor_window::around(spawned, left, host, Arc::clone(&self.data.host)))
    }

    fn size(&self) -> NativeSize<u32> {
        let (width, height) = self.points();
        let scale = f64::from(self.scale.system());
        NativeSize::from_size(LogicalSize::new(f64::from(width), f64::from(height)).into(), scale)
    }

    fn resize_hint(&self) -> ResizeHint {
        // The scale may change while the window is open, so its least size is asked for each time.
        resize_hint(SCALES[0])
    }
}

/// One opened window.
struct App {
    /// While this lives, the audio thread publishes its plan.
    _watch: Watch,
    data: EditorData,
    context: GuiContext,
    scale: Arc<EditorScale>,
    window_scale: window_scale::WindowScale,
    /// `None` until the window is built.
    egui: Option<egui::Context>,
    interaction: Interaction,
    roll: Roll,
    chart: ChartField,
    shelf: PresetMenu,
    page: Page,
    setup: pages::Setup,
    status: status::StatusLine,
    notice: notice::Notice,
    test_probe: TestProbe,
    #[cfg(target_os = "linux")]
    focus_return: focus_return::FocusReturn,
    #[cfg(target_os = "linux")]
    shown: Option<x11_map_delay::MappedWindow>,
    resize_handle: resize_handle::ResizeHandle,
    keyboard: Keyboard,
    size_request: Arc<SizeRequest>,
    /// `None` once the window's thread has taken it.
    thread_guard: Option<ThreadGuard>,
}

impl App {
    fn new(
        editor: &SegueEditor,
        context: GuiContext,
        size_request: Arc<SizeRequest>,
        thread_guard: ThreadGuard,
    ) -> Self {
        let percent = editor.data.preferences.read().scale_percent();
        size_request.set_least(window_scale::least(percent));
        Self {
            chart: ChartField::default(),
            interaction: Interaction::default(),
            roll: Roll::default(),
            shelf: PresetMenu::default(),
            page: Page::Play,
            setup: pages::Setup::default(),
            status: status::StatusLine::default(),
            notice: notice::Notice::default(),
            test_probe: TestProbe::default(),
            #[cfg(target_os = "linux")]
            focus_return: focus_return::FocusReturn::default(),
            #[cfg(target_os = "linux")]
            shown: None,
            resize_handle: resize_handle::ResizeHandle::default(),
            keyboard: Keyboard::default(),
            _watch: editor.data.pages.watch(),
            data: editor.data.clone(),
            context,
            scale: Arc::clone(&editor.scale),
            egui: None,
            window_scale: window_scale::WindowScale::new(percent),
            size_request,
            thread_guard: Some(thread_guard),
        }
    }

    /// The scale that egui has now. Before the first frame it is not yet the window's.
    fn zoom_of_egui(&self) -> f32 {
        self.egui.as_ref().map_or(1.0, egui::Context::zoom_factor)
    }

    /// Draws one frame.
    fn draw(&mut self, ui: &mut Ui) {
        let context = self.context.clone();
        self.window_scale.follow(ui.ctx(), ui.max_rect().size());
        let zoom = ui.ctx().zoom_factor();
        if (self.scale.window() - zoom).abs() > f32::EPSILON {
            self.scale.set_window(zoom);
            // A window that keeps its size has more points now, or fewer.
            self.data.params.window.remember(ui.max_rect().size().into());
        }
        self.test_probe.begin();
        let mut cx = UiContext::new(
            ui,
            &context,
            &self.data.params,
            &mut self.interaction,
            &mut self.notice,
            &mut self.test_probe,
        );
        let mut view = pages::View {
            data: &self.data,
            roll: &mut self.roll,
            chart: &mut self.chart,
            shelf: &mut self.shelf,
            page: &mut self.page,
            setup: &mut self.setup,
            status: &mut self.status,
            scale: &mut self.window_scale,
            size_request: &self.size_request,
        };
        let moves = view.draw(&mut cx);
        self.resize_handle.draw(&mut cx, &self.size_request);
        self.window_scale.keys(&mut cx, &self.data.preferences, &self.size_request);
        let waits = cx.finish();
        self.test_probe.publish();
        if moves {
            ui.ctx().request_repaint_after(FRAME);
        } else if let Some(wait) = waits {
            ui.ctx().request_repaint_after(wait);
        }
        if self.context.plugin_api() == PluginApi::Standalone {
            self.keyboard.listen(ui, &self.data.keys);
            if self.data.signals.close.load(Ordering::Relaxed) {
                ui.ctx().send_viewport_cmd(ViewportCommand::Close);
            }
        }
    }
}

impl NiceEguiApp for App {
    fn build(&mut self, ctx: egui::Context, _: GuiContext, frame: &mut Frame) -> Result<(), HandlerError> {
        if let Some(thread_guard) = self.thread_guard.take() {
            thread_guard.with_this_thread();
        }
        #[cfg(target_os = "linux")]
        {
            let stands_alone = self.context.plugin_api() == PluginApi::Standalone;
            let number = x11_map_delay::number(frame.baseview_window());
            // If this fails, hosts that show their windows in time, which most do, are not affected.
            self.shown = number.and_then(|number| x11_map_delay::MappedWindow::at_once(number, stands_alone).ok());
        }
        theme::dress(&ctx);
        self.egui = Some(ctx);
        #[expect(clippy::cast_possible_truncation, reason = "1 to 4")]
        self.scale.set_system(frame.baseview_window().size().scale_factor as f32);
        self.shelf.read();
        Ok(())
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut Frame) {
        self.draw(ui);
        #[cfg(target_os = "linux")]
        if self.context.plugin_api() != PluginApi::Standalone {
            self.focus_return.give(ui, frame);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = frame;
    }

    fn resized(&mut self, size: WindowSize) {
        #[expect(clippy::cast_possible_truncation, reason = "1 to 8")]
        let system = size.scale_factor as f32 / self.zoom_of_egui();
        self.scale.set_system(system);
        let points = size.physical.to_logical::<f32>(f64::from(system * self.scale.window()));
        self.data.params.window.remember((points.width, points.height));
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // The host must get an end for every gesture.
        self.interaction.let_go(&self.context, &self.data.params);
    }
}
