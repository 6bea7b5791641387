//! The whole window without a screen: frames of egui, a fake host, and a simulated mouse and keyboard.

mod capture;
mod keys;
mod letters;
mod presets;
mod roll;
mod scale;
mod sheet;
mod words;

use super::*;
use crate::host_adapter::editor_window::ThreadWait;
use crate::host_adapter::fake_window_host::FakeWindowHost;
use egui::epaint::ClippedShape;
use egui::output::OutputEvent;
use egui::{Event, Key, Modifiers, OutputCommand, PointerButton, Pos2, RawInput, Rect, Shape, Vec2, vec2};
use std::path::PathBuf;

/// A window, and everything around it.
struct FakeScreen {
    app: App,
    ctx: egui::Context,
    params: Arc<SegueParams>,
    host: Arc<FakeWindowHost>,
    folder: PathBuf,
    seconds: f64,
    held: Modifiers,
    /// What a screen reader would have been told.
    told: Vec<OutputEvent>,
    /// The size of the window, in points of the system.
    size: Vec2,
    /// The scale with which the window was drawn last.
    zoom: f32,
    /// What the last frame has drawn.
    shapes: Vec<ClippedShape>,
    /// The addresses that the window has asked the system to open.
    opened: Vec<String>,
    /// Dropped after the window, for which it waits.
    _left: ThreadWait,
}

impl FakeScreen {
    /// Opens a window; the test's name names the folder of the musician's presets.
    fn open(test: &str) -> Self {
        Self::open_in(test, PluginApi::Standalone)
    }

    /// The same in a host of this kind.
    fn open_in(test: &str, api: PluginApi) -> Self {
        let folder = std::env::temp_dir().join(format!("segue-window-{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Self::open_with(folder, api)
    }

    /// A window that finds the musician's files in this folder.
    fn open_with(folder: PathBuf, api: PluginApi) -> Self {
        let params = Arc::new(SegueParams::default());
        let host = Arc::new(FakeWindowHost::new(Arc::clone(&params), api));
        let data = EditorData {
            params: Arc::clone(&params),
            stats: Arc::default(),
            pages: Arc::new(EventLog::default()),
            signals: Arc::default(),
            keys: Arc::default(),
            host: HostFacts::adopt(),
            preferences: PreferencesFile::in_folder(&folder.join("of-user")),
            devices: None,
        };
        let (guard, left) = editor_window::thread_guard();
        let context = GuiContext::new(Arc::<FakeWindowHost>::clone(&host));
        let mut app = App::new(&SegueEditor::new(data), context, Arc::default(), guard);
        app.setup.capture_button.keep_in(folder.join("captures"));
        app.shelf.keep_in(folder.clone());
        let ctx = egui::Context::default();
        theme::dress(&ctx);
        ctx.set_zoom_factor(app.scale.window());
        let held = Modifiers::NONE;
        let zoom = app.scale.window();
        let size = vec2(980.0, 690.0) * zoom;
        let told = Vec::new();
        let mut screen = Self {
            app,
            ctx,
            params,
            host,
            folder,
            seconds: 0.0,
            held,
            told,
            size,
            zoom,
            shapes: Vec::new(),
            opened: Vec::new(),
            _left: left,
        };
        screen.rest();
        screen
    }

    fn frame(&mut self, events: Vec<Event>) {
        self.seconds += 1.0 / 60.0;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, self.size / self.zoom)),
            time: Some(self.seconds),
            events,
            focused: true,
            ..RawInput::default()
        };
        let Self { ctx, app, .. } = self;
        let output = ctx.run_ui(input, |ui| app.draw(ui));
        self.told.extend(output.platform_output.events);
        self.shapes = output.shapes;
        self.opened.extend(output.platform_output.commands.into_iter().filter_map(|command| match command {
            OutputCommand::OpenUrl(address) => Some(address.url),
            _ => None,
        }));
        // As egui-baseview does it.
        let zoom = self.ctx.zoom_factor();
        if (zoom - self.zoom).abs() > f32::EPSILON {
            self.size *= zoom / std::mem::replace(&mut self.zoom, zoom);
        }
        for command in output.viewport_output.values().flat_map(|output| &output.commands) {
            if let ViewportCommand::InnerSize(size) = command {
                self.size = *size * zoom;
            }
        }
        self.host.apply();
    }

    /// Some frames in which nothing happens, so that lists open and menus find their place.
    fn rest(&mut self) {
        for _ in 0..4 {
            self.frame(Vec::new());
        }
    }

    fn place(&self, name: &str) -> Rect {
        let places = &self.app.test_probe.places;
        *places.get(name).unwrap_or_else(|| panic!("there is no {name:?}; there are {:?}", places.keys()))
    }

    fn has(&self, name: &str) -> bool {
        self.app.test_probe.places.contains_key(name)
    }

    fn button(&self, name: &str, button: PointerButton, pressed: bool) -> Event {
        Event::PointerButton { pos: self.place(name).center(), button, pressed, modifiers: self.held }
    }

    fn click_with(&mut self, name: &str, button: PointerButton) {
        self.frame(vec![Event::PointerMoved(self.place(name).center())]);
        for pressed in [true, false] {
            let event = self.button(name, button, pressed);
            self.frame(vec![event]);
        }
        // Longer than the time between the clicks of a double click.
        self.seconds += 1.0;
        self.rest();
    }

    fn click(&mut self, name: &str) {
        self.click_with(name, PointerButton::Primary);
    }

    /// Drags a control upwards.
    fn drag_up(&mut self, name: &str, points: f32) {
        let from = self.place(name).center();
        self.frame(vec![Event::PointerMoved(from)]);
        let press = self.button(name, PointerButton::Primary, true);
        self.frame(vec![Event::ModifiersChanged(self.held), press]);
        for step in [0.25, 0.5, 0.75, 1.0] {
            self.frame(vec![Event::PointerMoved(from - vec2(0.0, points * step))]);
        }
        let pos = from - vec2(0.0, points);
        let modifiers = self.held;
        self.frame(vec![Event::PointerButton { pos, button: PointerButton::Primary, pressed: false, modifiers }]);
        self.seconds += 1.0;
        self.rest();
    }

    fn key(&mut self, key: Key) {
        for pressed in [true, false] {
            let event = Event::Key { key, physical_key: None, pressed, repeat: false, modifiers: self.held };
            self.frame(vec![event]);
        }
        self.rest();
    }

    fn hold(&mut self, modifiers: Modifiers) {
        self.held = modifiers;
        self.frame(vec![Event::ModifiersChanged(modifiers)]);
    }

    fn write(&mut self, text: &str) {
        self.frame(vec![Event::Text(text.to_owned())]);
        self.rest();
    }

    /// Replaces the text of a field.
    fn fill(&mut self, field: &str, text: &str) {
        self.click(field);
        self.hold(Modifiers::COMMAND);
        self.key(Key::A);
        self.hold(Modifiers::NONE);
        if text.is_empty() { self.key(Key::Backspace) } else { self.write(text) }
    }

    fn text(&self, id: &str) -> String {
        let setting = self.params.setting(id).unwrap();
        setting.text(setting.value())
    }

    /// Sets a parameter as a host does.
    fn set(&self, id: &str, text: &str) {
        use crate::params::{Gestures, Unhosted};
        let setting = self.params.setting(id).unwrap();
        Unhosted.set(setting, setting.read(text).unwrap());
    }

    /// Whether these words are among those that the last frame has drawn.
    fn says(&self, words: &str) -> bool {
        self.shapes.iter().any(|drawn| match &drawn.shape {
            Shape::Text(text) => text.galley.text().contains(words),
            _ => false,
        })
    }

    fn notice(&self) -> &str {
        self.app.notice.words().unwrap_or_default()
    }
}

impl Drop for FakeScreen {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
