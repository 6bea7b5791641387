//! The window where there is no host: it goes when the program shall end. Without a screen there is none, and
//! everything else is the same.

use super::leaving::Leaving;
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::NativeSize;
use nice_plug::editor::{
    Editor, EditorHandle, HostMethods, Modifiers, ParentWindowHandle, ResizeHint, SpawnedEditor, VirtualKeyCode,
};
use segue::editor::SegueEditor;
use std::error::Error;
use std::sync::Arc;

type SegueHandle = <SegueEditor as Editor>::Handle;
type SegueWindow = <SegueHandle as EditorHandle>::Window;

/// Whether there is a screen. On Linux the framework's windows are those of X11.
pub fn has_screen() -> bool {
    !cfg!(target_os = "linux") || std::env::var_os("DISPLAY").is_some_and(|display| !display.is_empty())
}

/// Segue's editor, or nothing where there is no screen.
pub struct AloneEditor {
    pub editor: SegueEditor,
    pub leaving: Arc<Leaving>,
    /// Pixels to a point, where the system does not say.
    pub scale: f64,
}

/// The window, if there is one.
pub struct AloneWindow {
    window: Option<SegueWindow>,
    leaving: Arc<Leaving>,
}

/// By what the framework works the window, if there is one.
pub struct AloneHandle(Option<SegueHandle>);

impl Editor for AloneEditor {
    type Handle = AloneHandle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        _: Option<f64>,
        context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<AloneHandle>, Box<dyn Error>> {
        let leaving = Arc::clone(&self.leaving);
        if !has_screen() {
            println!("There is no screen (DISPLAY is not set), so there is no window; Ctrl-C ends.");
            return Ok(SpawnedEditor { handle: AloneHandle(None), window: AloneWindow { window: None, leaving } });
        }
        let (handle, window) = match self.editor.spawn(parent, wait_for_parent, Some(self.scale), context, host) {
            Ok(SpawnedEditor { handle, window }) => (Some(handle), Some(window)),
            Err(error) => {
                eprintln!("segue: the window does not open ({error}); Segue plays without it, and Ctrl-C ends");
                (None, None)
            }
        };
        Ok(SpawnedEditor { handle: AloneHandle(handle), window: AloneWindow { window, leaving } })
    }

    fn size(&self) -> NativeSize<u32> {
        self.editor.size()
    }

    fn resize_hint(&self) -> ResizeHint {
        self.editor.resize_hint()
    }
}

impl EditorHandle for AloneHandle {
    type Window = AloneWindow;
    type Error = <SegueHandle as EditorHandle>::Error;

    fn run_until_closed(AloneWindow { window, leaving }: AloneWindow) -> Result<(), Self::Error> {
        let closed = if let Some(window) = window {
            SegueHandle::run_until_closed(window)
        } else {
            leaving.wait();
            Ok(())
        };
        leaving.fall_silent();
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

    // What follows is asked by hosts alone.

    fn param_modulation_changed(&self, _: &str, _: f32) {}

    fn set_parent(&self, _: ParentWindowHandle, _: &AloneWindow) -> Result<(), Self::Error> {
        Ok(())
    }

    fn show(&self, _: &AloneWindow) -> Result<(), Self::Error> {
        Ok(())
    }

    fn hide(&self, _: &AloneWindow) -> Result<(), Self::Error> {
        Ok(())
    }

    fn set_size(&self, _: NativeSize<u32>, _: &AloneWindow) -> Result<(), Self::Error> {
        Ok(())
    }

    fn host_main_thread_callback(&self, _: &AloneWindow) {}

    fn adjust_size(&self, size: NativeSize<u32>, _: &AloneWindow) -> Option<NativeSize<u32>> {
        Some(size)
    }

    fn set_fallback_scale_factor(&self, _: f64, _: &AloneWindow) -> Result<(), Self::Error> {
        Ok(())
    }

    fn on_virtual_key_from_host(&self, _: VirtualKeyCode, _: bool, _: Modifiers) -> bool {
        false
    }
}
