//! What holds while a thread is inside a call of the C API: panics do not print, and the thread is not cancelled.

use core::cell::Cell;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// While this value lives, the thread is inside a call. `pthread_cancel` unwinds the stack from wherever a thread waits, and none may unwind
/// through a call, so a request stays pending until the thread waits somewhere else.
pub(crate) struct Inside {
    outer: bool,
    #[cfg(any(target_os = "linux", target_os = "freebsd", target_vendor = "apple"))]
    cancelled: core::ffi::c_int,
}

#[cfg(any(target_os = "linux", target_os = "freebsd", target_vendor = "apple"))]
extern "C" {
    fn pthread_setcancelstate(
        state: core::ffi::c_int,
        previous: *mut core::ffi::c_int,
    ) -> core::ffi::c_int;
}

#[cfg(any(target_os = "linux", target_os = "freebsd", target_vendor = "apple"))]
impl Inside {
    pub(crate) fn enter() -> Self {
        /// PTHREAD_CANCEL_DISABLE.
        const DISABLE: core::ffi::c_int = if cfg!(target_vendor = "apple") { 0 } else { 1 };
        let mut cancelled = 0;
        // SAFETY: a plain call that writes to a live variable.
        unsafe { pthread_setcancelstate(DISABLE, &mut cancelled) };
        let outer = INSIDE.replace(true);
        Inside { outer, cancelled }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "freebsd", target_vendor = "apple")))]
impl Inside {
    pub(crate) fn enter() -> Self {
        let outer = INSIDE.replace(true);
        Inside { outer }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(self.outer);
        // SAFETY: sets the state that the thread had before.
        #[cfg(any(target_os = "linux", target_os = "freebsd", target_vendor = "apple"))]
        unsafe {
            pthread_setcancelstate(self.cancelled, core::ptr::null_mut())
        };
    }
}

/// Whether this thread is inside a call, where a panic must not print.
pub(crate) fn is_inside() -> bool {
    INSIDE.get()
}

/// Runs code of the caller, whose panics print.
pub(crate) fn outside<R>(work: impl FnOnce() -> R) -> R {
    let inside = INSIDE.replace(false);
    let result = work();
    INSIDE.set(inside);
    result
}
