//! The boundary of a call: errors and panics become a status, and a text for the calling thread.

use core::cell::Cell;
use core::ffi::c_char;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::OnceLock;

use super::types::CENTRA_ERR_INTERNAL;
use crate::runtime::error::Error;
use crate::runtime::fp_environment::Standard;
use crate::runtime::inside::{self, Inside};

const DETAIL_BYTES: usize = 256;

thread_local! {
    /// This thread's last refusal, ending in a nul.
    static DETAIL: Cell<[u8; DETAIL_BYTES]> = const { Cell::new([0; DETAIL_BYTES]) };
}

fn remember(detail: &str) {
    let mut bytes = [0; DETAIL_BYTES];
    let mut length = detail.len().min(DETAIL_BYTES - 1);
    while !detail.is_char_boundary(length) {
        length -= 1;
    }
    bytes[..length].copy_from_slice(&detail.as_bytes()[..length]);
    DETAIL.set(bytes);
}

/// Panics inside a call become a status and must not print; all others go to the hook that was there.
/// (A worker's panic is raised again on the calling thread; the worker is known by its name.)
fn silence_panics() {
    type Hook = Box<dyn Fn(&std::panic::PanicHookInfo<'_>) + Sync + Send>;
    static PREVIOUS: OnceLock<Hook> = OnceLock::new();
    static DONE: AtomicBool = AtomicBool::new(false);
    // Changing the hook from a panicking thread would panic.
    if std::thread::panicking() || DONE.swap(true, Ordering::AcqRel) {
        return;
    }
    // A function item and a static instead of a closure that owns the previous hook: boxing the latter
    // would allocate in calls that promise not to.
    fn hook(info: &std::panic::PanicHookInfo<'_>) {
        if !inside::is_inside() && !crate::runtime::threads::is_worker() {
            if let Some(previous) = PREVIOUS.get() {
                previous(info);
            }
        }
    }
    let _ = PREVIOUS.set(std::panic::take_hook());
    std::panic::set_hook(Box::new(hook));
}

/// Runs the body of a call, checks included, in the standard floating-point environment, and gives back the caller's: no
/// check depends on its rounding, traps or flags. Errors and panics become a status and this thread's detail.
pub(super) fn boundary(body: impl FnOnce(&Standard) -> Result<i32, Error>) -> i32 {
    let environment = Standard::enter();
    silence_panics();
    let _inside = Inside::enter();
    let result = catch_unwind(AssertUnwindSafe(|| body(&environment)));
    match result {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => {
            remember(error.detail());
            error.status() as i32
        }
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().copied();
            let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            remember(text.unwrap_or("a panic without a message"));
            // The destructor of a payload may panic, too, which must not unwind into C; what it panics with is given up.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(panic))).map_err(core::mem::forget);
            CENTRA_ERR_INTERNAL
        }
    }
}

/// Runs a callback of the caller in the environment of the caller. A panic in it is not silenced.
pub(super) fn outside<R>(environment: &Standard, callback: impl FnOnce() -> R) -> R {
    inside::outside(|| environment.outside(callback))
}

/// This thread's last refusal, ending in a nul; the buffer lives as long as the thread.
pub(super) fn detail() -> *const c_char {
    DETAIL.with(|detail| detail.as_ptr().cast::<c_char>().cast_const())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capi::CENTRA_OK;

    fn words() -> &'static str {
        // SAFETY: the thread's buffer, which ends in a nul.
        unsafe { core::ffi::CStr::from_ptr(detail()) }
            .to_str()
            .unwrap()
    }

    #[test]
    fn a_panic_becomes_a_status() {
        assert_eq!(boundary(|_| panic!("a defect")), CENTRA_ERR_INTERNAL);
        assert_eq!(words(), "a defect");
        let number = 7;
        assert_eq!(boundary(|_| panic!("defect {number}")), CENTRA_ERR_INTERNAL);
        assert_eq!(words(), "defect 7");
        assert_eq!(boundary(|_| std::panic::panic_any(7)), CENTRA_ERR_INTERNAL);
        assert_eq!(boundary(|_| Ok(CENTRA_OK)), CENTRA_OK);
    }

    #[test]
    fn a_payload_that_panics_when_it_is_dropped_becomes_a_status() {
        struct Payload;
        impl Drop for Payload {
            fn drop(&mut self) {
                // Of no size, as it is never freed.
                std::panic::panic_any(());
            }
        }
        let status = boundary(|_| std::panic::panic_any(Payload));
        assert_eq!(status, CENTRA_ERR_INTERNAL);
    }

    #[test]
    fn long_details_end_in_a_nul() {
        remember(&"ä".repeat(DETAIL_BYTES));
        assert_eq!(words().len(), DETAIL_BYTES - 2);
    }
}
