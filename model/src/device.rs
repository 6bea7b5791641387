//! Where tensors live: on the processor, or on a graphics card in a build that knows how.
//!
//! One note at a time the processor is the quicker place for all networks of the usual size; a card pays for training,
//! and for thinking with networks so large that the processor cannot keep time.

use burn::tensor::Device;
use std::str::FromStr;

/// See the module.
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

/// Why there is no such place.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// Its name means nothing.
    #[error("there is no device {0}; there are cpu and gpu")]
    Unknown(String),
    /// This build cannot use it.
    #[error("this program was built without the feature `gpu`, so it works on the processor alone")]
    NotBuiltIn,
    /// The machine has no card, or no driver for it.
    #[error(
        "no graphics card answers ({0}); install its Vulkan driver, or Mesa's for the processor, or choose the device cpu"
    )]
    NoCard(String),
}

impl ComputeDevice {
    /// Opens the device.
    ///
    /// # Errors
    /// [`DeviceError::NoCard`] where no card answers.
    pub fn open(self) -> Result<Device, DeviceError> {
        match self {
            Self::Cpu => Ok(Device::flex()),
            #[cfg(feature = "gpu")]
            Self::Gpu => card(),
        }
    }
}

/// The default card, seen to answer: without one the library below panics, at the first use.
#[cfg(feature = "gpu")]
fn card() -> Result<Device, DeviceError> {
    use burn::tensor::{DeviceKind, Tensor};
    let opened = std::panic::catch_unwind(|| {
        let device = Device::wgpu(DeviceKind::default());
        let _ = Tensor::<1>::ones([1], &device).into_data();
        device
    });
    opened.map_err(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        DeviceError::NoCard(said.unwrap_or_else(|| "it does not say why".to_owned()))
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
