//! The window: past and planned notes, and controls for every parameter that can be heard.
//!
//! An open window draws what the audio thread publishes (the event log and the counters) and changes parameters through
//! gestures, so that a host can record them. The audio thread never waits for it. It draws only when something changes.
//! While the window is closed, only its size is kept.

mod capture_button;
mod chart_field;
mod controls;
mod device_card;
mod file_dialog;
mod keyboard;
mod notice;
mod own_style;
mod pages;
mod presets;
mod resize_handle;
mod roll;
mod status;
mod tap;
mod test_probe;
#[cfg(test)]
mod tests;
mod theme;
mod ui_context;
mod undo;

use crate::devices::Devices;
use crate::host_adapter::editor_window::{SharedHost, SizeRequest, ThreadGuard};
use crate::host_adapter::{HostFacts, editor_window};
#[cfg(target_os = "linux")]
use crate::host_adapter::{focus_return, x11_map_delay};
use crate::keyboard::{HeldKeys, Keyboard};
use crate::params::{LEAST_SIZE, SegueParams};
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
    /// Sound and MIDI devices, in the program without a host.
    pub devices: Option<Arc<dyn Devices>>,
}

/// The editor of one instance. Until a host opens it there is no window and no drawing context.
pub struct SegueEditor {
    data: EditorData,
    /// Pixels per point, as the window last reported.
    scale: Arc<AtomicU32>,
}

impl SegueEditor {
    /// The editor of an instance.
    pub fn new(data: EditorData) -> Self {
        Self { data, scale: Arc::new(AtomicU32::new(1.0_f32.to_bits())) }
    }

    /// The size of the window in points.
    pub fn points(&self) -> (f32, f32) {
        self.data.params.window.size()
    }

    /// The same with sound and MIDI devices, for the program without a host.
    #[must_use]
    pub fn with_devices(mut self, devices: Arc<dyn Devices>) -> Self {
        self.data.devices = Some(devices);
        self
    }
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
        let state = EguiEditorState::from_size(LogicalSize::new(f64::from(width), f64::from(height)), 1.0);
        let settings =
            EguiNiceSettings { title: "Segue".into(), resize_hint: self.resize_hint(), ..EguiNiceSettings::default() };
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
        let (width, height) = self.data.params.window.size();
        let scale = f64::from(f32::from_bits(self.scale.load(Ordering::Relaxed)));
        NativeSize::from_size(LogicalSize::new(f64::from(width), f64::from(height)).into(), scale)
    }

    fn resize_hint(&self) -> ResizeHint {
        ResizeHint::RESIZABLE.with_min_logical_size(LogicalSize::new(LEAST_SIZE.0, LEAST_SIZE.1))
    }
}

/// One opened window.
struct App {
    /// While this lives, the audio thread publishes its plan.
    _watch: Watch,
    data: EditorData,
    context: GuiContext,
    scale: Arc<AtomicU32>,
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
            size_request,
            thread_guard: Some(thread_guard),
        }
    }

    fn note_scale(&self, size: WindowSize) {
        #[expect(clippy::cast_possible_truncation, reason = "1 to 4")]
        self.scale.store((size.scale_factor as f32).to_bits(), Ordering::Relaxed);
    }

    /// Draws one frame.
    fn draw(&mut self, ui: &mut Ui) {
        let context = self.context.clone();
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
        };
        let moves = view.draw(&mut cx);
        self.resize_handle.draw(&mut cx, &self.size_request);
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
        self.note_scale(frame.baseview_window().size());
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
        self.note_scale(size);
        #[expect(clippy::cast_possible_truncation, reason = "points of a screen")]
        self.data.params.window.remember((size.logical.width as f32, size.logical.height as f32));
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // The host must get an end for every gesture.
        self.interaction.let_go(&self.context, &self.data.params);
    }
}
