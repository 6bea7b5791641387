//! The window of the program. It closes when the program ends. Without a screen there is no window, and everything else
//! works the same.

use super::last_state::Keeper;
use super::shutdown::Shutdown;
use super::sound::SoundSystem;
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize};
use nice_plug::editor::{
    Editor, EditorHandle, HostMethods, Modifiers, ParentWindowHandle, ResizeHint, SpawnedEditor, VirtualKeyCode,
};
use segue::editor::SegueEditor;
use std::error::Error;
use std::sync::Arc;

type SegueHandle = <SegueEditor as Editor>::Handle;
type SegueWindow = <SegueHandle as EditorHandle>::Window;

/// Whether there is a screen. On Linux nice-plug's windows need X11.
pub fn has_screen() -> bool {
    !cfg!(target_os = "linux") || std::env::var_os("DISPLAY").is_some_and(|display| !display.is_empty())
}

/// Segue's editor, or nothing if there is no screen.
pub struct StandaloneEditor {
    pub editor: SegueEditor,
    pub shutdown: Arc<Shutdown>,
    /// Pixels per point, if the system does not report it.
    pub scale: f64,
    /// Remembers the parameters and devices, if anything is remembered.
    pub keeper: Option<Keeper>,
    pub sound: SoundSystem,
}

/// Gives a window of this size, in points, the pixels that its scale asks for.
///
/// WORKAROUND(baseview 0.4.2): with X11 the first size of a window leaves out the scale that is given where the system
/// reports none. Not reported, see
/// <https://docs.rs/crate/baseview/0.4.2/source/src/platform/x11/sizing.rs#L144>. Tested by
/// `the_first_size_is_scaled`. Delete when `initial_scale_factor` takes the fallback.
fn scale_first_size(handle: &SegueHandle, window: &SegueWindow, (width, height): (f32, f32)) {
    let points = LogicalSize::new(f64::from(width), f64::from(height));
    // A window that cannot follow stays as it is. One of the right size already does nothing.
    let _ = handle.set_size(NativeSize::from_size(points.into(), window.scale_factor()), window);
}

/// The window, if there is one.
pub struct StandaloneWindow {
    window: Option<SegueWindow>,
    shutdown: Arc<Shutdown>,
    keeper: Option<Keeper>,
    sound: SoundSystem,
}

/// nice-plug's handle of the window, if there is one.
pub struct StandaloneHandle(Option<SegueHandle>);

impl Editor for StandaloneEditor {
    type Handle = StandaloneHandle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        _: Option<f64>,
        context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<StandaloneHandle>, Box<dyn Error>> {
        let (shutdown, sound, keeper) = (Arc::clone(&self.shutdown), self.sound.clone(), self.keeper.clone());
        if !has_screen() {
            println!("There is no screen (DISPLAY is not set), so there is no window; Ctrl-C ends.");
            return Ok(SpawnedEditor {
                handle: StandaloneHandle(None),
                window: StandaloneWindow { window: None, shutdown, keeper, sound },
            });
        }
        let size = self.editor.points();
        let (handle, window) = match self.editor.spawn(parent, wait_for_parent, Some(self.scale), context, host) {
            Ok(SpawnedEditor { handle, window }) => {
                scale_first_size(&handle, &window, size);
                (Some(handle), Some(window))
            }
            Err(error) => {
                eprintln!("segue: the window does not open ({error}); Segue plays without it, and Ctrl-C ends");
                (None, None)
            }
        };
        Ok(SpawnedEditor {
            handle: StandaloneHandle(handle),
            window: StandaloneWindow { window, shutdown, keeper, sound },
        })
    }

    fn size(&self) -> NativeSize<u32> {
        self.editor.size()
    }

    fn resize_hint(&self) -> ResizeHint {
        self.editor.resize_hint()
    }
}

impl EditorHandle for StandaloneHandle {
    type Window = StandaloneWindow;
    type Error = <SegueHandle as EditorHandle>::Error;

    fn run_until_closed(ended: StandaloneWindow) -> Result<(), Self::Error> {
        let StandaloneWindow { window, shutdown, keeper, sound } = ended;
        let closed = if let Some(window) = window {
            SegueHandle::run_until_closed(window)
        } else {
            shutdown.wait();
            Ok(())
        };
        if let Some(keeper) = keeper {
            keeper.save();
        }
        shutdown.fall_silent();
        sound.end();
        closed
    }

    fn state_changed(&self) {
        if let Some(handle) = &self.0 {
            handle.state_changed();
        }
    }

    fn param_value_changed(&self, id: &str, normalized: f32) {
        if let Some(handle) = &self.0 {
            handle.param_value_changed(id, normalized);
        }
    }

    // Only hosts call the remaining methods.

    fn param_modulation_changed(&self, _: &str, _: f32) {}

    fn set_parent(&self, _: ParentWindowHandle, _: &StandaloneWindow) -> Result<(), Self::Error> {
        Ok(())
    }

    fn show(&self, _: &StandaloneWindow) -> Result<(), Self::Error> {
        Ok(())
    }

    fn hide(&self, _: &StandaloneWindow) -> Result<(), Self::Error> {
        Ok(())
    }

    fn set_size(&self, _: NativeSize<u32>, _: &StandaloneWindow) -> Result<(), Self::Error> {
        Ok(())
    }

    fn host_main_thread_callback(&self, _: &StandaloneWindow) {}

    fn adjust_size(&self, size: NativeSize<u32>, _: &StandaloneWindow) -> Option<NativeSize<u32>> {
        Some(size)
    }

    fn set_fallback_scale_factor(&self, _: f64, _: &StandaloneWindow) -> Result<(), Self::Error> {
        Ok(())
    }

    fn on_virtual_key_from_host(&self, _: VirtualKeyCode, _: bool, _: Modifiers) -> bool {
        false
    }
}
