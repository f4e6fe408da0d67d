//! Structs of the C API, whose first member is the size that the caller's version of them has.
//!
//! A caller that was built with an older header knows only the first members, so only members that fit its struct are read and
//! written. [`members`] derives this from one list of the members.

use crate::runtime::error::{refuse, Error};

/// A struct of the C API that grows by members at its end.
///
/// # Safety
/// `repr(C)`; the first member is `struct_size: usize`; the members are plain numbers and nullable pointers, so all bits of a
/// member are a value of it; `STARTS` and `ENDS` have the start and the end of each member, in bytes from the start of the
/// struct, in ascending order.
pub(super) unsafe trait Struct: Copy {
    const STARTS: &'static [usize];
    const ENDS: &'static [usize];
}

/// Defines structs of the C API: a member is its comment, the value that this library gives it, its name and its type.
///
/// `made_from` is what `new` makes the struct from, and what the values may use. The test of the header takes this macro
/// away and has cbindgen read the struct that is left.
macro_rules! members {
    (
        $(#[doc = $about:literal])*
        #[repr(C)]
        #[made_from($($source:ident: $from:ty)?)]
        pub struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                #[value($value:expr)]
                pub $member:ident: $type:ty,
            )+
        }
    ) => {
        $(#[doc = $about])*
        #[repr(C)]
        #[derive(Clone, Copy)]
        pub struct $name {
            $(
                $(#[doc = $doc])*
                pub $member: $type,
            )+
        }

        // SAFETY: `repr(C)` lays the members out in the order of this list, which starts with the size; what a member may be is
        // kept by who writes the list.
        unsafe impl $crate::capi::structs::Struct for $name {
            const STARTS: &'static [usize] = &[$(core::mem::offset_of!($name, $member)),+];
            const ENDS: &'static [usize] =
                &[$(core::mem::offset_of!($name, $member) + size_of::<$type>()),+];
        }

        impl $name {
            /// The struct with the values of the list.
            pub(super) fn new($($source: $from)?) -> Self {
                $name { $($member: $value),+ }
            }
        }
    };
}
pub(super) use members;

/// Bytes of the whole members within `size`, of a struct of which this library knows these members; refused unless 0 < `size`
/// <= the size of the struct. `argument` is what its initialiser is named after.
fn whole_members<T: Struct>(argument: &str, size: usize) -> Result<usize, Error> {
    let known = size_of::<T>();
    match T::ENDS.iter().rev().find(|&&end| end <= size) {
        Some(&end) if size <= known => Ok(end),
        _ => refuse!(
            Option,
            "{argument}: struct_size is {size}, and this library knows {} to {known}; initialise it by centra_{argument}_init",
            T::ENDS[0]
        ),
    }
}

/// The size of the caller's struct, as its first member says.
///
/// # Safety
/// `at` is aligned, and the first member is readable there.
pub(super) unsafe fn struct_size<T: Struct>(at: *const T) -> usize {
    // SAFETY: the contract; the size is the first member of every version.
    unsafe { at.cast::<usize>().read() }
}

/// Bytes of the whole members that the caller's struct has; refused if its size is not one that this library knows.
///
/// # Safety
/// As for [`struct_size`].
pub(super) unsafe fn members_of<T: Struct>(argument: &str, at: *const T) -> Result<usize, Error> {
    // SAFETY: the contract.
    whole_members::<T>(argument, unsafe { struct_size(at) })
}

/// The caller's struct; members beyond its size are those of `defaults`, and all are where `at` is null.
///
/// # Safety
/// `at` is null, or aligned and points to as many readable bytes as the size there says.
pub(super) unsafe fn read<T: Struct>(
    argument: &str,
    at: *const T,
    defaults: T,
) -> Result<T, Error> {
    let mut read = defaults;
    if !at.is_null() {
        // SAFETY: the contract.
        let bytes = unsafe { members_of(argument, at)? };
        // SAFETY: `bytes` is within the caller's struct and within ours, and ends after a member, all bits of which are a value.
        unsafe {
            core::ptr::copy_nonoverlapping(at.cast::<u8>(), (&raw mut read).cast::<u8>(), bytes);
        }
    }
    Ok(read)
}

/// Copies the members after the size that end within `bytes`, and none of the padding between them, which has no value.
///
/// # Safety
/// `bytes` bytes at `to` are writable.
unsafe fn copy_members<T: Struct>(to: *mut T, bytes: usize, values: &T) {
    let (from, to) = ((&raw const *values).cast::<u8>(), to.cast::<u8>());
    for (&start, &end) in T::STARTS.iter().zip(T::ENDS).skip(1) {
        if end <= bytes {
            // SAFETY: the member is within the struct, and within the bytes.
            unsafe { core::ptr::copy_nonoverlapping(from.add(start), to.add(start), end - start) };
        }
    }
}

/// Writes the first `bytes` of `values`, but for the size, which stays the caller's.
///
/// # Safety
/// `bytes` bytes at `to` are writable, and whole members of the struct.
pub(super) unsafe fn write<T: Struct>(to: *mut T, bytes: usize, values: &T) {
    // SAFETY: the contract.
    unsafe { copy_members(to, bytes, values) }
}

/// Writes the members of `values` that fit `size` bytes, zeros between and after them, and `size`, or the size of the struct if that
/// is less, as the struct's size. Does nothing where `to` is null or the bytes are too few for the size itself.
///
/// # Safety
/// `to` is null, or points to `size` writable bytes.
pub(super) unsafe fn init<T: Struct>(to: *mut T, size: usize, values: T) {
    let size = size.min(size_of::<T>());
    if to.is_null() || size < size_of::<usize>() {
        return;
    }
    // SAFETY: the contract.
    unsafe {
        to.cast::<u8>().write_bytes(0, size);
        copy_members(to, size, &values);
        to.cast::<usize>().write_unaligned(size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capi::{centra_options, centra_report, centra_stream_state};
    use crate::runtime::error::Status;

    #[test]
    fn members_end_where_they_end() {
        for ends in [
            centra_options::ENDS,
            centra_report::ENDS,
            centra_stream_state::ENDS,
        ] {
            assert!(ends.is_sorted() && ends[0] == size_of::<usize>());
        }
        let bytes = whole_members::<centra_options>;
        assert_eq!(bytes("options", 8).unwrap(), 8);
        assert_eq!(bytes("options", 15).unwrap(), 12);
        for size in [0, 7, size_of::<centra_options>() + 1] {
            let error = bytes("options", size).unwrap_err();
            assert_eq!(error.status(), Status::Option);
        }
    }
}
