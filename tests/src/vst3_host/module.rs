//! The plugin's library and its factory.

#![allow(unsafe_code, reason = "VST3 is an interface in C++")]

use super::loaded::{Loaded, load};
use super::plugin::{Opening, Plugin};
use crate::bundle::checked_folder;
use anyhow::{Context, Result, ensure};
use libloading::Symbol;
use std::ffi::c_char;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vst3::Steinberg::Vst::IComponent;
use vst3::Steinberg::{
    IPluginFactory, IPluginFactory2, IPluginFactory2Trait, IPluginFactoryTrait, PClassInfo2, PFactoryInfo, kResultOk,
};
use vst3::{ComPtr, Interface};

/// The file inside a VST3 bundle that this system loads.
#[cfg(target_os = "windows")]
const INSIDE: &str = "Contents/x86_64-win/Segue.vst3";
#[cfg(not(target_os = "windows"))]
const INSIDE: &str = "Contents/x86_64-linux/Segue.so";

/// The path of the VST3 that `cargo xtask test` has built.
///
/// # Panics
/// When the tests were started without it.
pub fn checked_path() -> PathBuf {
    checked_folder().join("Segue.vst3")
}

/// What a factory reports about a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassInfo {
    /// What projects store.
    pub id: [u8; 16],
    /// The kind of class.
    pub category: String,
    /// The kind of plugin.
    pub sub_categories: String,
    /// The name that hosts show.
    pub name: String,
    /// The vendor.
    pub vendor: String,
}

/// A loaded library. It is unloaded when the last instance is gone, as in hosts.
pub struct Module {
    loaded: Arc<Loaded>,
}

impl Module {
    /// Loads a bundle, or the file inside it.
    ///
    /// # Errors
    /// When it cannot be loaded, or is not a VST3.
    pub fn load(path: &Path) -> Result<Self> {
        let file = if path.is_dir() { path.join(INSIDE) } else { path.to_owned() };
        let library = load(&file).with_context(|| format!("{}: cannot be loaded", file.display()))?;
        // SAFETY: the VST3 interface gives the function this shape.
        let factory: Symbol<'_, unsafe extern "system" fn() -> *mut IPluginFactory> =
            unsafe { library.get(b"GetPluginFactory\0") }.context("it has no factory")?;
        // SAFETY: the module has been entered; the caller owns what it gets.
        let factory = unsafe { ComPtr::from_raw(factory()) }.context("it gives no factory")?;
        let factory = factory.cast::<IPluginFactory2>().context("its factory has no second interface")?;
        Ok(Self { loaded: Arc::new(Loaded { factory: Some(factory), library }) })
    }

    /// The VST3 under test.
    ///
    /// # Panics
    /// When it is missing.
    pub fn checked() -> Self {
        Self::load(&checked_path()).unwrap_or_else(|error| panic!("{error:#}"))
    }

    fn factory(&self) -> Result<&ComPtr<IPluginFactory2>> {
        self.loaded.factory.as_ref().context("the module is being unloaded")
    }

    /// The vendor of the whole file.
    ///
    /// # Errors
    /// When the factory does not report it.
    pub fn vendor(&self) -> Result<String> {
        // SAFETY: all zeros is a valid value of plain numbers and letters.
        let mut info: PFactoryInfo = unsafe { std::mem::zeroed() };
        // SAFETY: the factory writes into what is given.
        ensure!(
            unsafe { self.factory()?.getFactoryInfo(&raw mut info) } == kResultOk,
            "the factory reports nothing about itself"
        );
        Ok(text(&info.vendor))
    }

    /// All classes in the file.
    ///
    /// # Errors
    /// When the factory does not report them.
    pub fn classes(&self) -> Result<Vec<ClassInfo>> {
        let factory = self.factory()?;
        // SAFETY: the factory is alive.
        let count = unsafe { factory.countClasses() };
        let class = |index| {
            // SAFETY: all zeros is a valid value of plain numbers and letters.
            let mut info: PClassInfo2 = unsafe { std::mem::zeroed() };
            // SAFETY: the factory writes into what is given.
            ensure!(unsafe { factory.getClassInfo2(index, &raw mut info) } == kResultOk, "class {index} has no info");
            Ok(ClassInfo {
                id: info.cid.map(|byte| byte.to_ne_bytes()[0]),
                category: text(&info.category),
                sub_categories: text(&info.subCategories),
                name: text(&info.name),
                vendor: text(&info.vendor),
            })
        };
        (0..count).map(class).collect()
    }

    /// A new instance of the first class.
    ///
    /// # Errors
    /// When the plugin refuses.
    pub fn open(&self) -> Result<Plugin> {
        self.open_as(Opening::Usual)
    }

    /// The same, in a host that may lack something.
    ///
    /// # Errors
    /// When the plugin refuses.
    pub fn open_as(&self, opening: Opening) -> Result<Plugin> {
        let id = self.classes()?.first().context("the file has no class")?.id;
        let mut object = std::ptr::null_mut();
        // SAFETY: both ids have 16 bytes, and the factory writes a pointer that the caller owns.
        let component = unsafe {
            let made =
                self.factory()?.createInstance(id.as_ptr().cast(), IComponent::IID.as_ptr().cast(), &raw mut object);
            ensure!(made == kResultOk, "the factory makes no instance ({made})");
            ComPtr::from_raw(object.cast::<IComponent>()).context("the factory returns nothing")?
        };
        Plugin::initialize(component, Arc::clone(&self.loaded), opening)
    }
}

fn text(letters: &[c_char]) -> String {
    let bytes: Vec<u8> = letters.iter().map(|letter| letter.to_ne_bytes()[0]).take_while(|byte| *byte != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
