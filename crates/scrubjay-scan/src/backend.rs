//! The instruction sets to choose from.

use std::fmt;

use crate::arch::look::{GlanceFn, LookFn};
use crate::arch::{self, Feed};

/// An instruction set that the search is built for. All give the same runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// x86-64 with AVX-512 F, BW and VBMI (and BMI1, BMI2, LZCNT). A processor with AVX-512 but without VBMI uses AVX2.
    Avx512,
    /// x86-64 with AVX2 (and BMI1, BMI2, LZCNT).
    Avx2,
    /// Any x86-64.
    Sse2,
    /// Any AArch64.
    Neon,
    /// Any processor.
    Scalar,
}

impl Backend {
    /// All of them, the fastest first.
    pub const ALL: [Self; 5] = [Self::Avx512, Self::Avx2, Self::Sse2, Self::Neon, Self::Scalar];

    /// Those that run on this processor, the fastest first. [`Backend::Scalar`] is always the last.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|backend| backend.is_available())
    }

    /// Whether this processor can run it.
    #[must_use]
    pub fn is_available(self) -> bool {
        self.feed().is_some()
    }

    /// A short name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Sse2 => "sse2",
            Self::Neon => "neon",
            Self::Scalar => "scalar",
        }
    }

    /// The entry point, when this processor can run it.
    pub(crate) fn feed(self) -> Option<Feed> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 if arch::avx512::available() => Some(arch::avx512::feed),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 if arch::avx2::available() => Some(arch::avx2::feed),
            #[cfg(target_arch = "x86_64")]
            Self::Sse2 => Some(arch::sse2::feed),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => Some(arch::neon::feed),
            Self::Scalar => Some(arch::scalar::feed),
            _ => None,
        }
    }
}

impl Backend {
    /// The entry point of the closer look.
    pub(crate) fn look(self) -> LookFn {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 if arch::avx512::available() => arch::avx512::look,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 if arch::avx2::available() => arch::avx2::look,
            #[cfg(target_arch = "x86_64")]
            Self::Sse2 => arch::sse2::look,
            #[cfg(target_arch = "aarch64")]
            Self::Neon => arch::neon::look,
            _ => arch::scalar::look,
        }
    }

    /// The entry point of the glance.
    pub(crate) fn glance(self) -> GlanceFn {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 if arch::avx512::available() => arch::avx512::glance,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 if arch::avx2::available() => arch::avx2::glance,
            #[cfg(target_arch = "x86_64")]
            Self::Sse2 => arch::sse2::glance,
            #[cfg(target_arch = "aarch64")]
            Self::Neon => arch::neon::glance,
            _ => arch::scalar::glance,
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
