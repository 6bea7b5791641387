//! The window: what sounded and what is about to, and a control for everything that can be heard.
//!
//! Opened, it draws from what the audio thread leaves behind (the recorder, the stats) and changes parameters as
//! gestures, so that a host can record them; the audio thread never waits for it. It draws only when something moves.
//! Closed, none of it exists but its size.

mod board;
mod capturing;
mod chart_field;
mod chooser;
mod controls;
#[cfg(target_os = "linux")]
mod first_frame;
mod grip;
mod keyboard;
#[cfg(target_os = "linux")]
mod keys_back;
mod landmarks;
mod own_style;
mod pages;
mod presets;
mod roll;
mod status;
mod theme;
mod window;

use crate::host_adapter::HostFacts;
use crate::keyboard::{HeldKeys, Keyboard};
use crate::params::SegueParams;
use board::{Board, Held};
use chart_field::ChartField;
use egui::{Ui, ViewportCommand};
use landmarks::Landmarks;
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize};
use nice_plug::editor::{Editor, HostMethods, ParentWindowHandle, ResizeHint, SpawnedEditor};
use nice_plug::params::persist::PersistentField;
use nice_plug::prelude::PluginApi;
use nice_plug_egui::baseview::{HandlerError, WindowSize};
use nice_plug_egui::{EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier, create_egui_editor};
use pages::Page;
use presets::Shelf;
use roll::Roll;
use segue_engine::recorder::{EventLog, Watch};
use segue_engine::stats::Stats;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use window::{Leaving, SharedHost, SizeWish};

/// The size of a new instance's window, in points.
const USUAL_SIZE: (f32, f32) = (980.0, 690.0);
/// Below this the controls would overlap.
const LEAST_SIZE: (f32, f32) = (860.0, 600.0);
/// Beyond this lies a mistake, not a screen.
const MOST_POINTS: f32 = 16_000.0;
/// The time of a frame while something moves: at most 60 a second.
const FRAME: Duration = Duration::from_nanos(16_666_667);

/// What the editor asks of the audio thread, and the audio thread of the editor. Neither waits.
#[derive(Debug, Default)]
pub struct Signals {
    panic: AtomicBool,
    /// The window shall close itself.
    close: AtomicBool,
    /// Nobody asks for sound.
    mute: AtomicBool,
    news: RepaintNotifier,
}

impl Signals {
    /// True once for each time that *Panic* was pressed.
    pub fn take_panic(&self) -> bool {
        // Looked at first, because a swap costs every block what it is needed for once a year.
        self.panic.load(Ordering::Relaxed) && self.panic.swap(false, Ordering::Relaxed)
    }

    /// Everything shall stop.
    pub fn ask_panic(&self) {
        self.panic.store(true, Ordering::Relaxed);
    }

    /// The window shall close itself, where it is its own and no host's.
    pub fn ask_to_close(&self) {
        self.close.store(true, Ordering::Relaxed);
        self.tell_news();
    }

    /// Says whether nobody asks for sound any more, where there is no host to know.
    pub fn set_mute(&self, is_mute: bool) {
        if self.mute.swap(is_mute, Ordering::Relaxed) != is_mute {
            self.tell_news();
        }
    }

    /// Whether nobody asks for sound any more.
    pub fn is_mute(&self) -> bool {
        self.mute.load(Ordering::Relaxed)
    }

    /// There is something new to draw.
    pub fn tell_news(&self) {
        self.news.request_repaint();
    }
}

/// The size of the window in points, which a song saves. Clones share it.
#[derive(Debug, Clone)]
pub struct WindowMemory(Arc<AtomicU64>);

impl Default for WindowMemory {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(packed(USUAL_SIZE))))
    }
}

impl WindowMemory {
    fn size(&self) -> (f32, f32) {
        unpacked(self.0.load(Ordering::Relaxed))
    }

    fn remember(&self, (width, height): (f32, f32)) {
        let sane = |points: f32, least| if points.is_finite() { points.clamp(least, MOST_POINTS) } else { least };
        self.0.store(packed((sane(width, LEAST_SIZE.0), sane(height, LEAST_SIZE.1))), Ordering::Relaxed);
    }
}

fn packed((width, height): (f32, f32)) -> u64 {
    u64::from(width.to_bits()) << 32 | u64::from(height.to_bits())
}

fn unpacked(packed: u64) -> (f32, f32) {
    let [width, height] = [32, 0].map(|shift| {
        #[expect(clippy::cast_possible_truncation, reason = "one half")]
        f32::from_bits((packed >> shift) as u32)
    });
    (width, height)
}

impl PersistentField<'_, (f32, f32)> for WindowMemory {
    fn set(&self, size: (f32, f32)) {
        self.remember(size);
    }

    fn map<F: Fn(&(f32, f32)) -> R, R>(&self, look: F) -> R {
        look(&self.size())
    }
}

/// What the window shows and changes.
#[derive(Clone)]
pub struct Scene {
    /// Everything that can be set.
    pub params: Arc<SegueParams>,
    /// How the instance is.
    pub stats: Arc<Stats>,
    /// What sounded.
    pub pages: Arc<EventLog>,
    /// Words between the window and the audio thread.
    pub signals: Arc<Signals>,
    /// The computer's keyboard as a piano, where there is no host.
    pub keys: Arc<HeldKeys>,
    /// What is known of the host.
    pub host: Arc<HostFacts>,
}

/// The editor of one instance. Until a host opens it there is no window and no drawing context.
pub struct SegueEditor {
    scene: Scene,
    /// Pixels to a point, as the window said last.
    scale: Arc<AtomicU32>,
}

impl SegueEditor {
    /// The editor of an instance.
    pub fn new(scene: Scene) -> Self {
        Self { scene, scale: Arc::new(AtomicU32::new(1.0_f32.to_bits())) }
    }
}

impl Editor for SegueEditor {
    type Handle = window::Handle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        gui_context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<Self::Handle>, Box<dyn Error>> {
        let (width, height) = self.scene.params.window.size();
        let state = EguiEditorState::from_size(LogicalSize::new(f64::from(width), f64::from(height)), 1.0);
        let settings =
            EguiNiceSettings { title: "Segue".into(), resize_hint: self.resize_hint(), ..EguiNiceSettings::default() };
        let mut host = SharedHost::new(host);
        let (leaving, left) = window::leaving();
        let app = App::new(self, gui_context.clone(), Arc::clone(&host.wish), leaving);
        let editor = create_egui_editor(state, self.scene.signals.news.clone(), settings, app)
            .ok_or("the window cannot be described")?;
        let methods = host.methods.take();
        let spawned = editor.spawn(parent, wait_for_parent, fallback_scale_factor, gui_context, methods)?;
        Ok(window::around(spawned, left, host, Arc::clone(&self.scene.host)))
    }

    fn size(&self) -> NativeSize<u32> {
        let (width, height) = self.scene.params.window.size();
        let scale = f64::from(f32::from_bits(self.scale.load(Ordering::Relaxed)));
        NativeSize::from_size(LogicalSize::new(f64::from(width), f64::from(height)).into(), scale)
    }

    fn resize_hint(&self) -> ResizeHint {
        ResizeHint::RESIZABLE.with_min_logical_size(LogicalSize::new(LEAST_SIZE.0, LEAST_SIZE.1))
    }
}

/// One opened window.
struct App {
    /// The hands show what they plan as long as there is a window.
    _watch: Watch,
    scene: Scene,
    context: GuiContext,
    scale: Arc<AtomicU32>,
    held: Held,
    roll: Roll,
    chart: ChartField,
    shelf: Shelf,
    page: Page,
    setup: pages::Setup,
    notice: status::Notice,
    landmarks: Landmarks,
    #[cfg(target_os = "linux")]
    keys_back: keys_back::KeysBack,
    #[cfg(target_os = "linux")]
    shown: Option<first_frame::Shown>,
    grip: grip::Grip,
    keyboard: Keyboard,
    wish: Arc<SizeWish>,
    /// Until the window's thread has taken it.
    leaving: Option<Leaving>,
}

impl App {
    fn new(editor: &SegueEditor, context: GuiContext, wish: Arc<SizeWish>, leaving: Leaving) -> Self {
        Self {
            chart: ChartField::default(),
            held: Held::default(),
            roll: Roll::default(),
            shelf: Shelf::default(),
            page: Page::Play,
            setup: pages::Setup::default(),
            notice: status::Notice::default(),
            landmarks: Landmarks::default(),
            #[cfg(target_os = "linux")]
            keys_back: keys_back::KeysBack::default(),
            #[cfg(target_os = "linux")]
            shown: None,
            grip: grip::Grip::default(),
            keyboard: Keyboard::default(),
            _watch: editor.scene.pages.watch(),
            scene: editor.scene.clone(),
            context,
            scale: Arc::clone(&editor.scale),
            wish,
            leaving: Some(leaving),
        }
    }

    fn note_scale(&self, size: WindowSize) {
        #[expect(clippy::cast_possible_truncation, reason = "1 to 4")]
        self.scale.store((size.scale_factor as f32).to_bits(), Ordering::Relaxed);
    }
}

impl NiceEguiApp for App {
    fn build(&mut self, ctx: egui::Context, _: GuiContext, frame: &mut Frame) -> Result<(), HandlerError> {
        if let Some(leaving) = self.leaving.take() {
            leaving.with_this_thread();
        }
        #[cfg(target_os = "linux")]
        {
            let stands_alone = self.context.plugin_api() == PluginApi::Standalone;
            let number = first_frame::number(frame.baseview_window());
            // Where it does not work, most hosts show their windows in time.
            self.shown = number.and_then(|number| first_frame::Shown::at_once(number, stands_alone).ok());
        }
        theme::dress(&ctx);
        self.note_scale(frame.baseview_window().size());
        self.shelf.read();
        Ok(())
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut Frame) {
        let context = self.context.clone();
        self.landmarks.begin();
        let mut board = Board::new(ui, &context, &mut self.held, &mut self.notice, &mut self.landmarks);
        let mut view = pages::View {
            scene: &self.scene,
            roll: &mut self.roll,
            chart: &mut self.chart,
            shelf: &mut self.shelf,
            page: &mut self.page,
            setup: &mut self.setup,
        };
        let moves = view.draw(&mut board);
        self.grip.draw(&mut board, &self.wish);
        let waits = board.finish();
        self.landmarks.publish();
        if moves {
            ui.ctx().request_repaint_after(FRAME);
        } else if let Some(wait) = waits {
            ui.ctx().request_repaint_after(wait);
        }
        if self.context.plugin_api() == PluginApi::Standalone {
            self.keyboard.listen(ui, &self.scene.keys);
            if self.scene.signals.close.load(Ordering::Relaxed) {
                ui.ctx().send_viewport_cmd(ViewportCommand::Close);
            }
        }
        #[cfg(target_os = "linux")]
        if self.context.plugin_api() != PluginApi::Standalone {
            self.keys_back.give(ui, frame);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = frame;
    }

    fn resized(&mut self, size: WindowSize) {
        self.note_scale(size);
        #[expect(clippy::cast_possible_truncation, reason = "points of a screen")]
        self.scene.params.window.remember((size.logical.width as f32, size.logical.height as f32));
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // A host must not be left with a gesture that never ends.
        self.held.let_go(&self.context);
    }
}
