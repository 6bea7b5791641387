//! A fake host of the window for tests: it applies what the window asks for only after the frame, as CLAP hosts do.

#![allow(unsafe_code, reason = "nice-plug gives raw pointers to parameters; the trait that hosts implement is unsafe")]

use crate::params::{Gestures, SegueParams, Unhosted};
use nice_plug::context::gui::GuiContextInner;
use nice_plug::params::internals::ParamPtr;
use nice_plug::plugin::PluginState;
use nice_plug::prelude::PluginApi;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// What the window has asked for.
pub struct FakeWindowHost {
    params: Arc<SegueParams>,
    /// Ids of parameters and their values, normalized, not applied yet.
    asked: Mutex<Vec<(String, f32)>>,
    /// Ids of the parameters whose gestures have begun and not ended.
    open: Mutex<Vec<String>>,
    api: PluginApi,
}

impl FakeWindowHost {
    /// A host of this instance.
    pub fn new(params: Arc<SegueParams>, api: PluginApi) -> Self {
        Self { params, asked: Mutex::default(), open: Mutex::default(), api }
    }

    /// Applies what was asked for. Returns the ids of the parameters that were set.
    ///
    /// # Panics
    /// If the window has asked for a parameter that does not exist.
    pub fn apply(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        for (id, value) in &asked {
            Unhosted.set(self.params.setting(id).unwrap(), *value);
        }
        asked.into_iter().map(|(id, _)| id).collect()
    }

    fn id(&self, param: ParamPtr) -> String {
        let wanted = self.params.setting_at(param).map(|setting| setting.name());
        self.params.each().find(|(_, setting)| Some(setting.name()) == wanted).unwrap().0
    }
}

// Nothing in here looks at a pointer.
impl GuiContextInner for FakeWindowHost {
    fn plugin_api(&self) -> PluginApi {
        self.api
    }

    unsafe fn raw_begin_set_parameter(&self, param: ParamPtr) {
        let id = self.id(param);
        let mut open = self.open.lock().unwrap();
        assert!(!open.contains(&id), "{id}: a gesture begins twice");
        open.push(id);
    }

    unsafe fn raw_set_parameter_normalized(&self, param: ParamPtr, value: f32) {
        let id = self.id(param);
        assert!(self.open.lock().unwrap().contains(&id), "{id} is set outside a gesture");
        self.asked.lock().unwrap().push((id, value));
    }

    unsafe fn raw_end_set_parameter(&self, param: ParamPtr) {
        let id = self.id(param);
        let mut open = self.open.lock().unwrap();
        assert!(open.contains(&id), "{id}: a gesture ends that has not begun");
        open.retain(|other| *other != id);
    }

    fn get_state(&self) -> PluginState {
        PluginState { version: String::new(), params: BTreeMap::new(), fields: BTreeMap::new() }
    }

    fn set_state(&self, _: PluginState) {}

    fn request_restart(&self) {}
}
