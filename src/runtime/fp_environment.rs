//! The floating-point environment: round to nearest, subnormals kept, no traps.
//!
//! A caller may have set flush-to-zero, another rounding mode or trapping exceptions. Every call, and
//! every worker thread, computes in the [`Standard`] environment, and afterwards restores the control bits and
//! sticky flags that it found.

/// The floating-point environment that a call found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfCaller(arch::State);

impl OfCaller {
    /// Runs `work`, code of the caller, in the caller's environment.
    pub(crate) fn outside<R>(&self, work: impl FnOnce() -> R) -> R {
        arch::set(&self.0);
        let result = work();
        // Changes that the callback makes to the environment do not last: the call restores the state at its entry.
        arch::replace_by_standard();
        result
    }
}

/// While this value lives, the thread has the standard floating-point environment.
pub(crate) struct Standard {
    caller: OfCaller,
}

impl Standard {
    pub(crate) fn enter() -> Self {
        Standard {
            caller: OfCaller(arch::replace_by_standard()),
        }
    }

    /// The environment that this one replaced.
    pub(crate) fn caller(&self) -> OfCaller {
        self.caller
    }

    /// Runs `work`, code of the caller, in the caller's environment.
    pub(crate) fn outside<R>(&self, work: impl FnOnce() -> R) -> R {
        self.caller.outside(work)
    }
}

impl Drop for Standard {
    fn drop(&mut self) {
        arch::set(&self.caller.0);
    }
}

#[cfg(target_arch = "x86_64")]
mod arch {
    use core::arch::asm;

    pub(super) type State = u32;

    /// All exceptions masked, no flag raised, round to nearest, no flush to zero.
    const STANDARD: State = 0x1f80;

    pub(super) fn replace_by_standard() -> State {
        let mut caller: State = 0;
        // SAFETY: stores the control register to a live variable. (Rust's own view of the environment
        // is the standard one, so from here on the compiler's assumptions hold; the asm block clobbers
        // memory, so no load of the caller's data, and nothing computed from it, moves above it.)
        unsafe { asm!("stmxcsr [{}]", in(reg) &mut caller, options(nostack)) };
        set(&STANDARD);
        caller
    }

    pub(super) fn set(state: &State) {
        // SAFETY: the value is one that `stmxcsr` gave or the standard one, so no reserved bit is set.
        unsafe { asm!("ldmxcsr [{}]", in(reg) state, options(nostack)) };
    }
}

#[cfg(target_arch = "aarch64")]
mod arch {
    use core::arch::asm;

    /// Control and status registers.
    pub(super) type State = (u64, u64);

    pub(super) fn replace_by_standard() -> State {
        let (control, status): State;
        // SAFETY: reads two registers. (See the x86-64 twin for what the compiler may assume.)
        unsafe {
            asm!("mrs {}, fpcr", "mrs {}, fpsr", out(reg) control, out(reg) status, options(nostack));
        }
        set(&(0, 0));
        (control, status)
    }

    pub(super) fn set(&(control, status): &State) {
        // SAFETY: the values were read from these registers, or are 0, the standard environment.
        unsafe {
            asm!("msr fpcr, {}", "msr fpsr, {}", in(reg) control, in(reg) status, options(nostack));
        }
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod arch {
    //! On targets without a known control register the environment is assumed to be the standard one.

    pub(super) type State = ();

    pub(super) fn replace_by_standard() -> State {}

    pub(super) fn set(_: &State) {}
}
