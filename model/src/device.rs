//! The device that computes: the processor, or a graphics card in a build with the feature `gpu`.
//!
//! One note at a time, the processor is faster for networks of the usual size. A graphics card pays off for training,
//! and for networks so large that the processor cannot keep up.

use burn::tensor::Device;
use std::str::FromStr;

/// A device that a user can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ComputeDevice {
    /// The processor.
    #[default]
    Cpu,
    /// The graphics card, through Vulkan, Metal or DirectX.
    #[cfg(feature = "gpu")]
    Gpu,
}

/// Why a device cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// There is no device of this name.
    #[error("there is no device {0}; use cpu or gpu")]
    Unknown(String),
    /// This build has no support for it.
    #[error("this program was built without the feature `gpu`; use cpu, or build it with --features gpu")]
    NotBuiltIn,
    /// The machine has no graphics card, or no driver for it.
    #[error("no graphics card responds ({0}); install its Vulkan driver or Mesa's software driver, or use cpu")]
    NoCard(String),
}

impl ComputeDevice {
    /// Opens the device.
    ///
    /// # Errors
    /// [`DeviceError::NoCard`] when no graphics card responds.
    pub fn open(self) -> Result<Device, DeviceError> {
        match self {
            Self::Cpu => Ok(Device::flex()),
            #[cfg(feature = "gpu")]
            Self::Gpu => card(),
        }
    }
}

/// Opens the default card and tests it: without a working card wgpu would panic at the first use.
#[cfg(feature = "gpu")]
fn card() -> Result<Device, DeviceError> {
    use burn::tensor::{DeviceKind, Tensor};
    let opened = std::panic::catch_unwind(|| {
        let device = Device::wgpu(DeviceKind::default());
        let _ = Tensor::<1>::ones([1], &device).into_data();
        device
    });
    opened.map_err(|panic| {
        let reason = panic.downcast_ref::<String>().cloned();
        let reason = reason.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        DeviceError::NoCard(reason.unwrap_or_else(|| "no reason is given".to_owned()))
    })
}

impl FromStr for ComputeDevice {
    type Err = DeviceError;

    fn from_str(name: &str) -> Result<Self, DeviceError> {
        match name {
            "cpu" => Ok(Self::Cpu),
            #[cfg(feature = "gpu")]
            "gpu" => Ok(Self::Gpu),
            #[cfg(not(feature = "gpu"))]
            "gpu" => Err(DeviceError::NotBuiltIn),
            other => Err(DeviceError::Unknown(other.to_owned())),
        }
    }
}
