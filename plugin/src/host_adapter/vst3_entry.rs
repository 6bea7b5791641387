//! The library's VST3 entry: `clap-wrapper`'s, with a factory of ours in front of it, which makes up for two faults of
//! each instance before its host gets it.
//!
//! WORKAROUND(clap-wrapper 0.3.1): an instance says that it needs nothing of the host's transport, so hosts that
//! believe it give neither tempo nor position. Not reported, see
//! <https://docs.rs/crate/clap-wrapper/0.3.1/source/external/clap-wrapper/src/wrapasvst3.cpp#L145>. Tested by
//! `the_host_hears_that_segue_wants_its_whole_transport`. Delete when `ClapAsVst3` fills in its
//! `processContextRequirements`.
//!
//! WORKAROUND(clap-wrapper 0.3.1): if the host has given no component handler, or not yet, or takes it back, or ends
//! the instance and initialises it again, loading a state calls a null pointer. So each instance always has a handler.
//! Not reported, see
//! <https://docs.rs/crate/clap-wrapper/0.3.1/source/external/clap-wrapper/src/wrapasvst3.cpp#L1094>. Tested by
//! `a_host_that_never_gives_a_handler_loads_states`, `a_host_that_takes_its_handler_back_loads_states`, and
//! `an_instance_that_is_initialised_again_loads_states`. Delete when `ClapAsVst3::param_rescan` checks for that.
//!
//! The crate's own macro exports a `GetPluginFactory` that cannot be replaced. So the crate is only built, and what it
//! has built is linked from here.

// The one place of the crate where the interface of VST3 in C++ is spoken.
#![allow(unsafe_code, reason = "VST3 is an interface in C++")]

use std::ffi::c_void;
use std::sync::OnceLock;
use vst3::Steinberg::Vst::IProcessContextRequirements_::Flags_ as Needs;
use vst3::Steinberg::Vst::{
    IComponent, IComponentHandler, IComponentHandlerTrait, IComponentVtbl, IEditController, IEditControllerTrait,
    IEditControllerVtbl, IProcessContextRequirements, IProcessContextRequirementsVtbl, ParamID, ParamValue,
};
use vst3::Steinberg::{
    FIDString, FUnknown, FUnknownVtbl, IPluginBase, IPluginBase_iid, IPluginBaseVtbl, IPluginFactory,
    IPluginFactory2Trait, IPluginFactory3, IPluginFactory3Trait, IPluginFactoryTrait, PClassInfo, PClassInfo2,
    PClassInfoW, PFactoryInfo, TUID, int32, kInternalError, kNotImplemented, kResultOk, tresult, uint32,
};
use vst3::{Class, ComPtr, ComRef, ComWrapper};

#[link(name = "clap_wrapper_vst3", kind = "static")]
#[cfg_attr(not(any(target_os = "macos", target_env = "msvc")), link(name = "stdc++"))]
#[cfg_attr(target_os = "macos", link(name = "c++"))]
#[cfg_attr(target_os = "macos", link(name = "CoreFoundation", kind = "framework"))]
#[cfg_attr(target_os = "macos", link(name = "Foundation", kind = "framework"))]
#[cfg_attr(target_os = "windows", link(name = "shell32"))]
#[cfg_attr(target_os = "windows", link(name = "user32"))]
#[cfg_attr(target_os = "windows", link(name = "ole32"))]
unsafe extern "system" {
    fn clap_wrapper_GetPluginFactory() -> *mut c_void;
}

/// The wrapper's functions of the same names, one pair for each system.
macro_rules! pass_on {
    ($abi:literal, $ours:ident, $theirs:ident $(, $argument:ident)?) => {
        #[unsafe(no_mangle)]
        pub unsafe extern $abi fn $ours($($argument: *mut c_void)?) -> bool {
            unsafe extern $abi {
                fn $theirs($($argument: *mut c_void)?) -> bool;
            }
            // SAFETY: as the host's own call.
            unsafe { $theirs($($argument)?) }
        }
    };
}

#[cfg(all(unix, not(target_os = "macos")))]
pass_on!("C", ModuleEntry, clap_wrapper_ModuleEntry, library);
#[cfg(all(unix, not(target_os = "macos")))]
pass_on!("C", ModuleExit, clap_wrapper_ModuleExit);
#[cfg(target_os = "macos")]
pass_on!("C", bundleEntry, clap_wrapper_bundleEntry, bundle);
#[cfg(target_os = "macos")]
pass_on!("C", bundleExit, clap_wrapper_bundleExit);
#[cfg(windows)]
pass_on!("system", InitDll, clap_wrapper_InitDll);
#[cfg(windows)]
pass_on!("system", ExitDll, clap_wrapper_ExitDll);

/// What a host looks for in the library; it owns what it gets, or gets null.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn GetPluginFactory() -> *mut c_void {
    // SAFETY: the wrapper's factory is of the third kind, and who asks for it owns it.
    let wrapped = unsafe { ComPtr::from_raw(clap_wrapper_GetPluginFactory().cast::<IPluginFactory3>()) };
    let ours = wrapped.map(|wrapped| ComWrapper::new(Factory { wrapped }));
    let factory = ours.and_then(|ours| ours.to_com_ptr::<IPluginFactory>());
    factory.map_or(std::ptr::null_mut(), |factory| factory.into_raw().cast())
}

struct Factory {
    wrapped: ComPtr<IPluginFactory3>,
}

impl Class for Factory {
    type Interfaces = (IPluginFactory3,);
}

impl IPluginFactoryTrait for Factory {
    unsafe fn getFactoryInfo(&self, info: *mut PFactoryInfo) -> tresult {
        // SAFETY: as the host's own call.
        unsafe { self.wrapped.getFactoryInfo(info) }
    }

    unsafe fn countClasses(&self) -> int32 {
        // SAFETY: as the host's own call.
        unsafe { self.wrapped.countClasses() }
    }

    unsafe fn getClassInfo(&self, index: int32, info: *mut PClassInfo) -> tresult {
        // SAFETY: as the host's own call.
        unsafe { self.wrapped.getClassInfo(index, info) }
    }

    unsafe fn createInstance(&self, class: FIDString, interface: FIDString, object: *mut *mut c_void) -> tresult {
        // SAFETY: as the host's own call.
        let made = unsafe { self.wrapped.createInstance(class, interface, object) };
        if made == kResultOk && !object.is_null() {
            // SAFETY: the wrapper has written an object of VST3's, which begins as each of them does.
            if let Some(object) = unsafe { ComRef::from_raw((*object).cast::<FUnknown>()) } {
                make_up_for_faults(object);
            }
        }
        made
    }
}

impl IPluginFactory2Trait for Factory {
    unsafe fn getClassInfo2(&self, index: int32, info: *mut PClassInfo2) -> tresult {
        // SAFETY: as the host's own call.
        unsafe { self.wrapped.getClassInfo2(index, info) }
    }
}

impl IPluginFactory3Trait for Factory {
    unsafe fn getClassInfoUnicode(&self, index: int32, info: *mut PClassInfoW) -> tresult {
        // SAFETY: as the host's own call.
        unsafe { self.wrapped.getClassInfoUnicode(index, info) }
    }

    unsafe fn setHostContext(&self, context: *mut FUnknown) -> tresult {
        // SAFETY: as the host's own call.
        unsafe { self.wrapped.setHostContext(context) }
    }
}

fn make_up_for_faults(instance: ComRef<'_, FUnknown>) {
    if let Some(wants) = instance.cast::<IProcessContextRequirements>() {
        want_the_transport(&wants);
    }
    if let Some(component) = instance.cast::<IComponent>() {
        keep_a_handler_after_the_component(&component);
    }
    if let Some(controller) = instance.cast::<IEditController>() {
        keep_a_handler(&controller);
        give_nobody(&controller);
    }
}

// C++ gives an object a table of functions for each of its interfaces, and looks a function up there each time. An
// instance gets tables in which a few functions are ours; the wrapper's own are the same for each instance.

/// The wrapper's table of functions for one interface, and ours.
struct Tables<Table> {
    theirs: Table,
    ours: Table,
}

fn want_the_transport(wants: &ComPtr<IProcessContextRequirements>) {
    static TABLE: OnceLock<IProcessContextRequirementsVtbl> = OnceLock::new();
    let interface = wants.as_ptr();
    let table = TABLE.get_or_init(|| {
        // SAFETY: the interface begins with a pointer to its functions.
        let theirs = unsafe { &*(*interface).vtbl };
        IProcessContextRequirementsVtbl { getProcessContextRequirements: wanted, ..*theirs }
    });
    // SAFETY: the instance is new, and nobody else has it yet.
    unsafe { (*interface).vtbl = table };
}

static COMPONENT: OnceLock<Tables<IComponentVtbl>> = OnceLock::new();
static CONTROLLER: OnceLock<Tables<IEditControllerVtbl>> = OnceLock::new();

fn keep_a_handler_after_the_component(component: &ComPtr<IComponent>) {
    let interface = component.as_ptr();
    let tables = COMPONENT.get_or_init(|| {
        // SAFETY: the interface begins with a pointer to its functions.
        let theirs = unsafe { *(*interface).vtbl };
        let unknown = FUnknownVtbl { queryInterface: query_component, ..theirs.base.base };
        let base = IPluginBaseVtbl { base: unknown, terminate: terminate_component, ..theirs.base };
        Tables { theirs, ours: IComponentVtbl { base, ..theirs } }
    });
    // SAFETY: the instance is new, and nobody else has it yet.
    unsafe { (*interface).vtbl = &raw const tables.ours };
}

fn keep_a_handler(controller: &ComPtr<IEditController>) {
    let interface = controller.as_ptr();
    let tables = CONTROLLER.get_or_init(|| {
        // SAFETY: the interface begins with a pointer to its functions.
        let theirs = unsafe { *(*interface).vtbl };
        let unknown = FUnknownVtbl { queryInterface: query_controller, ..theirs.base.base };
        let base = IPluginBaseVtbl { base: unknown, terminate: terminate_controller, ..theirs.base };
        Tables { theirs, ours: IEditControllerVtbl { base, setComponentHandler: set_handler, ..theirs } }
    });
    // SAFETY: the instance is new, and nobody else has it yet.
    unsafe { (*interface).vtbl = &raw const tables.ours };
}

unsafe extern "system" fn set_handler(this: *mut IEditController, handler: *mut IComponentHandler) -> tresult {
    let Some(tables) = CONTROLLER.get() else { return kInternalError };
    let nobody = ComWrapper::new(Nobody).to_com_ptr::<IComponentHandler>();
    let given = if handler.is_null() { nobody.as_ref().map_or(handler, ComPtr::as_ptr) } else { handler };
    // SAFETY: as the host's own call; the wrapper keeps a reference of its own to what it is given.
    unsafe { (tables.theirs.setComponentHandler)(this, given) }
}

type Query = unsafe extern "system" fn(*mut FUnknown, *const TUID, *mut *mut c_void) -> tresult;
type Terminate = unsafe extern "system" fn(*mut IPluginBase) -> tresult;

unsafe extern "system" fn query_component(this: *mut FUnknown, id: *const TUID, object: *mut *mut c_void) -> tresult {
    let Some(tables) = COMPONENT.get() else { return kInternalError };
    // SAFETY: as the host's own call.
    unsafe { query(this, id, object, tables.theirs.base.base.queryInterface) }
}

unsafe extern "system" fn query_controller(this: *mut FUnknown, id: *const TUID, object: *mut *mut c_void) -> tresult {
    let Some(tables) = CONTROLLER.get() else { return kInternalError };
    // SAFETY: as the host's own call.
    unsafe { query(this, id, object, tables.theirs.base.base.queryInterface) }
}

/// Looks an interface up. Component and controller are plugin bases as well, so who asks for that gets the same one
/// again, with our `terminate`: the wrapper's third has a table that goes on with functions which nobody can count.
///
/// # Safety
/// As for a host's call of `theirs`, the wrapper's function for `this`, which is a component or a controller.
unsafe fn query(this: *mut FUnknown, id: *const TUID, object: *mut *mut c_void, theirs: Query) -> tresult {
    // SAFETY: the host gives an id, or null.
    let is_base = unsafe { id.as_ref() } == Some(&IPluginBase_iid);
    // SAFETY: the host owns the instance, or it could not call this.
    let instance = if is_base && !object.is_null() { unsafe { ComRef::from_raw(this) } } else { None };
    let Some(instance) = instance else {
        // SAFETY: as the host's own call.
        return unsafe { theirs(this, id, object) };
    };
    // SAFETY: the host gave room for a pointer, and owns what it gets.
    unsafe { *object = instance.to_com_ptr().into_raw().cast() };
    kResultOk
}

unsafe extern "system" fn terminate_component(this: *mut IPluginBase) -> tresult {
    let Some(tables) = COMPONENT.get() else { return kInternalError };
    // SAFETY: as the host's own call.
    unsafe { end(this, tables.theirs.base.terminate) }
}

unsafe extern "system" fn terminate_controller(this: *mut IPluginBase) -> tresult {
    let Some(tables) = CONTROLLER.get() else { return kInternalError };
    // SAFETY: as the host's own call.
    unsafe { end(this, tables.theirs.base.terminate) }
}

/// Ends the instance, which then forgets its handler, and may be initialised again.
///
/// # Safety
/// As for a host's call of `theirs`, the wrapper's function for `this`.
unsafe fn end(this: *mut IPluginBase, theirs: Terminate) -> tresult {
    // SAFETY: as the host's own call.
    let result = unsafe { theirs(this) };
    // SAFETY: the host still owns the instance, or it could not call this.
    if let Some(controller) = unsafe { ComRef::from_raw(this) }.and_then(|instance| instance.cast::<IEditController>())
    {
        give_nobody(&controller);
    }
    result
}

fn give_nobody(controller: &ComPtr<IEditController>) {
    // SAFETY: every instance may be told that there is no handler.
    unsafe { controller.setComponentHandler(std::ptr::null_mut()) };
}

unsafe extern "system" fn wanted(_this: *mut IProcessContextRequirements) -> uint32 {
    let position = Needs::kNeedProjectTimeMusic | Needs::kNeedBarPositionMusic | Needs::kNeedCycleMusic;
    let wanted = position | Needs::kNeedTempo | Needs::kNeedTimeSignature | Needs::kNeedTransportState;
    #[allow(clippy::cast_sign_loss, clippy::unnecessary_cast, reason = "signed on some systems")]
    {
        wanted as uint32
    }
}

/// Hears of edits while the host gives no handler of its own.
struct Nobody;

impl Class for Nobody {
    type Interfaces = (IComponentHandler,);
}

impl IComponentHandlerTrait for Nobody {
    unsafe fn beginEdit(&self, _id: ParamID) -> tresult {
        kNotImplemented
    }

    unsafe fn performEdit(&self, _id: ParamID, _value: ParamValue) -> tresult {
        kNotImplemented
    }

    unsafe fn endEdit(&self, _id: ParamID) -> tresult {
        kNotImplemented
    }

    unsafe fn restartComponent(&self, _flags: int32) -> tresult {
        kNotImplemented
    }
}
