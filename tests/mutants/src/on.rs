//! Which mutant is on: copied into the library's source by the tool that makes mutants.
//!
//! `CENTRA_MUTANT` has its number. `CENTRA_MUTANT_REACHED` names a file instead that has a byte for every place; those of places that are
//! reached become 1. Both are read before `main`, so that no thread can be earlier.

use core::ffi::{c_char, c_int, CStr};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU8, Ordering::Relaxed};

static ON: AtomicU32 = AtomicU32::new(0);
static REACHED: AtomicPtr<AtomicU8> = AtomicPtr::new(null_mut());

/// As [`ON`], instead of a mutant: places that are reached are written down.
const WRITING: u32 = u32::MAX;

/// The number of the mutant that is on, or of none; asked at this place.
#[inline(always)]
pub(crate) fn on(place: usize) -> u32 {
    let on = ON.load(Relaxed);
    if on == WRITING {
        reached(place);
    }
    on
}

#[cold]
#[inline(never)]
fn reached(place: usize) {
    // SAFETY: the file has a byte for every place, and stays mapped.
    unsafe { (*REACHED.load(Relaxed).add(place)).store(1, Relaxed) };
}

#[used]
#[link_section = ".init_array"]
static BEFORE_MAIN: extern "C" fn() = start;

extern "C" fn start() {
    extern "C" {
        fn getenv(name: *const c_char) -> *const c_char;
        fn open(name: *const c_char, flags: c_int, ...) -> c_int;
        fn lseek(file: c_int, at: i64, from: c_int) -> i64;
        fn mmap(at: *mut u8, bytes: usize, protection: c_int, flags: c_int, file: c_int, from: i64) -> *mut u8;
    }
    // SAFETY: C's functions as they are on Linux with 64 bits, called while there is one thread.
    unsafe {
        let number = getenv(c"CENTRA_MUTANT".as_ptr());
        if !number.is_null() {
            ON.store(CStr::from_ptr(number).to_str().unwrap().parse().unwrap(), Relaxed);
        }
        let name = getenv(c"CENTRA_MUTANT_REACHED".as_ptr());
        if !name.is_null() {
            let (read_write, shared) = (3, 1);
            let file = open(name, 2);
            let bytes = lseek(file, 0, 2);
            assert!(file >= 0 && bytes > 0);
            let at = mmap(null_mut(), bytes as usize, read_write, shared, file, 0);
            assert!(at as isize != -1);
            REACHED.store(at.cast(), Relaxed);
            ON.store(WRITING, Relaxed);
        }
    }
}
