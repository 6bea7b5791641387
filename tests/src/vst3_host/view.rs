//! The editor's view in a window of the X window system, with the run loop that a Linux host offers it.

#![allow(unsafe_code, reason = "VST3 is an interface in C++")]

use super::host_objects::lock;
use super::plugin::Plugin;
use anyhow::{Result, ensure};
use std::ffi::c_void;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use vst3::Steinberg::Linux::{
    FileDescriptor, IEventHandler, IRunLoop, IRunLoopTrait, ITimerHandler, ITimerHandlerTrait, TimerInterval,
};
use vst3::Steinberg::{
    IPlugFrame, IPlugFrameTrait, IPlugView, IPlugViewTrait, ViewRect, kInvalidArgument, kPlatformTypeX11EmbedWindowID,
    kResultOk, tresult,
};
use vst3::{Class, ComPtr, ComRef, ComWrapper};

struct Timer {
    handler: ComPtr<ITimerHandler>,
    period: Duration,
    due: Instant,
}

/// What a host gives to a view.
#[derive(Default)]
struct Frame {
    timers: Mutex<Vec<Timer>>,
    /// The last size that the view asked for.
    asked: Mutex<Option<(i32, i32)>>,
}

impl Class for Frame {
    type Interfaces = (IPlugFrame, IRunLoop);
}

impl IPlugFrameTrait for Frame {
    unsafe fn resizeView(&self, view: *mut IPlugView, size: *mut ViewRect) -> tresult {
        // SAFETY: the plugin passes a size, and itself.
        let (Some(size), Some(view)) = (unsafe { size.as_mut() }, unsafe { ComRef::from_raw(view) }) else {
            return kInvalidArgument;
        };
        *lock(&self.asked) = Some((size.right - size.left, size.bottom - size.top));
        // SAFETY: the view is alive while it asks.
        unsafe { view.onSize(size) }
    }
}

impl IRunLoopTrait for Frame {
    unsafe fn registerEventHandler(&self, _handler: *mut IEventHandler, _fd: FileDescriptor) -> tresult {
        // Segue's window has a thread of its own and does not use the run loop for this.
        kInvalidArgument
    }

    unsafe fn unregisterEventHandler(&self, _handler: *mut IEventHandler) -> tresult {
        kInvalidArgument
    }

    unsafe fn registerTimer(&self, handler: *mut ITimerHandler, milliseconds: TimerInterval) -> tresult {
        // SAFETY: the plugin passes a handler, which is kept alive here.
        let Some(handler) = (unsafe { ComRef::from_raw(handler) }) else { return kInvalidArgument };
        let period = Duration::from_millis(milliseconds);
        lock(&self.timers).push(Timer { handler: handler.to_com_ptr(), period, due: Instant::now() + period });
        kResultOk
    }

    unsafe fn unregisterTimer(&self, handler: *mut ITimerHandler) -> tresult {
        lock(&self.timers).retain(|timer| timer.handler.as_ptr() != handler);
        kResultOk
    }
}

impl Frame {
    /// Calls the timers that are due. A timer may remove itself or others meanwhile.
    fn turn(&self) {
        let now = Instant::now();
        let mut due = Vec::new();
        for timer in lock(&self.timers).iter_mut().filter(|timer| timer.due <= now) {
            timer.due = now + timer.period;
            due.push(timer.handler.clone());
        }
        for handler in due {
            // SAFETY: the handler is kept alive here.
            unsafe { handler.onTimer() };
        }
    }
}

/// A view of the editor. Dropping it only releases it: a host may forget to detach it from its window first.
pub struct View {
    view: Option<ComPtr<IPlugView>>,
    frame: ComWrapper<Frame>,
}

impl View {
    /// Makes one, with a run loop.
    ///
    /// # Errors
    /// When the plugin has no editor.
    pub fn create(plugin: &Plugin) -> Result<Self> {
        let view = plugin.create_view()?;
        let frame = ComWrapper::new(Frame::default());
        if let Some(given) = frame.to_com_ptr::<IPlugFrame>() {
            // SAFETY: the frame outlives the view, see `drop`.
            unsafe { view.setFrame(given.as_ptr()) };
        }
        Ok(Self { view: Some(view), frame })
    }

    fn view(&self) -> Result<&ComPtr<IPlugView>> {
        self.view.as_ref().ok_or_else(|| anyhow::anyhow!("the view is released"))
    }

    /// The size that it asks for, in pixels.
    ///
    /// # Errors
    /// When it has none.
    pub fn size(&self) -> Result<(i32, i32)> {
        let mut size = ViewRect { left: 0, top: 0, right: 0, bottom: 0 };
        // SAFETY: the view writes into what is given.
        ensure!(unsafe { self.view()?.getSize(&raw mut size) } == kResultOk, "the editor has no size");
        Ok((size.right - size.left, size.bottom - size.top))
    }

    /// Attaches it to a window.
    ///
    /// # Errors
    /// When it refuses.
    pub fn attach(&self, window: u32) -> Result<()> {
        let parent = std::ptr::without_provenance_mut::<c_void>(window as usize);
        // SAFETY: the window is one of the X window system, as the type says.
        let attached = unsafe { self.view()?.attached(parent, kPlatformTypeX11EmbedWindowID) };
        ensure!(attached == kResultOk, "the editor does not go into the window");
        Ok(())
    }

    /// Detaches it from its window.
    ///
    /// # Errors
    /// When it refuses.
    pub fn remove(&self) -> Result<()> {
        // SAFETY: the view is alive.
        ensure!(unsafe { self.view()?.removed() } == kResultOk, "the editor cannot be detached from the window");
        Ok(())
    }

    /// Resizes it, in pixels.
    ///
    /// # Errors
    /// When it refuses.
    pub fn resize(&self, width: i32, height: i32) -> Result<()> {
        let mut size = ViewRect { left: 0, top: 0, right: width, bottom: height };
        // SAFETY: the view reads what is given.
        ensure!(unsafe { self.view()?.onSize(&raw mut size) } == kResultOk, "the editor cannot be resized");
        Ok(())
    }

    /// The size that it has asked for since the last call.
    pub fn take_asked_size(&self) -> Option<(i32, i32)> {
        lock(&self.frame.asked).take()
    }

    /// Runs the host's main loop for this long.
    pub fn run(&self, time: Duration) {
        const LOOK_AGAIN: Duration = Duration::from_millis(5);
        let end = Instant::now() + time;
        loop {
            self.frame.turn();
            if Instant::now() >= end {
                return;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// The number of timers in the host's loop.
    pub fn timers(&self) -> usize {
        lock(&self.frame.timers).len()
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // Released before the frame.
        self.view = None;
    }
}
