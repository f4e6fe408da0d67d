//! One buffer, cut into typed parts.
//!
//! The size query and the cutting run the same function. It takes its parts from a [`Cut`]: a [`Ruler`] only adds up the bytes,
//! a [`Buffer`] hands them out.

use core::marker::PhantomData;

use super::error::{refuse, Error};

/// The alignment that a workspace must have: that of `malloc`.
pub(crate) const ALIGNMENT: usize = 16;

/// Every part starts at a multiple of this: a cache line, and a whole vector.
const PART: usize = 64;

/// Plain numbers.
///
/// # Safety
/// Any bytes are a value of the type, and zero bytes are the value zero.
pub(crate) unsafe trait Plain: Copy {}
// SAFETY: a plain number.
unsafe impl Plain for f64 {}
// SAFETY: a plain number.
unsafe impl Plain for f32 {}
// SAFETY: a plain number.
unsafe impl Plain for i32 {}
// SAFETY: a plain number.
unsafe impl Plain for u16 {}
// SAFETY: a plain number.
unsafe impl Plain for u32 {}
// SAFETY: a plain number.
unsafe impl Plain for i64 {}
// SAFETY: a plain number.
unsafe impl Plain for i128 {}
// SAFETY: a plain number.
unsafe impl Plain for usize {}

/// A source of the parts of a workspace.
pub(crate) trait Cut<'w> {
    /// The next `length` elements, all zero.
    fn take<T: Plain>(&mut self, length: usize) -> &'w mut [T];
}

/// In debug builds, fills scratch memory that is no longer valid with numbers that cannot be results, so that tests find code that
/// relies on what was left there, or on the zeros that the memory had at first.
pub(crate) fn spoil<T: Plain>(scratch: &mut [T], with: T) {
    if cfg!(debug_assertions) {
        scratch.fill(with);
    }
}

/// Measures a workspace: adds up the bytes of what is taken, and hands out nothing.
#[derive(Default)]
pub(crate) struct Ruler {
    bytes: usize,
    overflow: bool,
}

impl<'w> Cut<'w> for Ruler {
    fn take<T: Plain>(&mut self, length: usize) -> &'w mut [T] {
        let end = length
            .checked_mul(size_of::<T>())
            .and_then(|bytes| bytes.checked_next_multiple_of(PART))
            .and_then(|bytes| bytes.checked_add(self.bytes));
        match end {
            Some(end) => self.bytes = end,
            None => self.overflow = true,
        }
        &mut []
    }
}

impl Ruler {
    /// The bytes that a buffer needs, including those lost to its misalignment.
    pub(crate) fn bytes(&self) -> Result<usize, Error> {
        match self.bytes.checked_add(PART - ALIGNMENT) {
            Some(bytes) if !self.overflow && bytes <= isize::MAX as usize => Ok(bytes),
            _ => refuse!(
                Shape,
                "the workspace for these sizes does not fit the address space"
            ),
        }
    }
}

/// Cuts a buffer that is long enough according to a [`Ruler`].
pub(crate) struct Buffer<'w> {
    next: *mut u8,
    left: usize,
    /// Whether all bytes are known to be zero.
    zero: bool,
    memory: PhantomData<&'w mut [u8]>,
}

impl<'w> Buffer<'w> {
    /// A buffer in memory that need not be initialised; `zero` tells whether all of it is zero.
    ///
    /// # Safety
    /// `bytes` bytes from `start` are writable, and nobody else accesses them for `'w`; they are 0, if `zero` is true.
    pub(crate) unsafe fn new(start: *mut u8, bytes: usize, zero: bool) -> Self {
        let skip = start.align_offset(PART).min(bytes);
        Buffer {
            next: start.wrapping_add(skip),
            left: bytes - skip,
            zero,
            memory: PhantomData,
        }
    }
}

impl<'w> Cut<'w> for Buffer<'w> {
    fn take<T: Plain>(&mut self, length: usize) -> &'w mut [T] {
        let bytes = (length * size_of::<T>()).next_multiple_of(PART);
        assert!(
            bytes <= self.left,
            "the workspace is shorter than its description"
        );
        let part = self.next.cast::<T>();
        self.next = self.next.wrapping_add(bytes);
        self.left -= bytes;
        // SAFETY: the bytes are inside the buffer, which is ours for 'w, and handed out once; they are
        // aligned to PART, zeroed before they are read, and zero bytes are a value of T.
        unsafe {
            if !self.zero {
                part.write_bytes(0, length);
            }
            core::slice::from_raw_parts_mut(part, length)
        }
    }
}

/// A workspace that the library allocates for callers that give none: zero pages, for which the system provides memory when they
/// are written.
pub(crate) struct Owned {
    start: *mut u8,
    layout: core::alloc::Layout,
    zero: bool,
}

impl Owned {
    pub(crate) fn new(bytes: usize) -> Result<Self, Error> {
        // The alignment at which the allocator returns zero pages without clearing them.
        let layout = core::alloc::Layout::from_size_align(bytes.max(1), ALIGNMENT);
        // SAFETY: the layout has a non-zero size.
        let start = layout
            .as_ref()
            .map_or(core::ptr::null_mut(), |layout| unsafe {
                std::alloc::alloc_zeroed(*layout)
            });
        match layout {
            Ok(layout) if !start.is_null() => Ok(Owned {
                start,
                layout,
                zero: true,
            }),
            _ => refuse!(
                Memory,
                "a workspace of {bytes} bytes could not be allocated"
            ),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.layout.size()
    }

    pub(crate) fn buffer(&mut self) -> Buffer<'_> {
        let zero = core::mem::take(&mut self.zero);
        // SAFETY: the allocation is ours, and the borrow keeps it alive and unshared; it is zero until it is first handed out.
        unsafe { Buffer::new(self.start, self.layout.size(), zero) }
    }
}

// SAFETY: the memory is this value's alone, and of no thread.
unsafe impl Send for Owned {}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout, and not freed before.
        unsafe { std::alloc::dealloc(self.start, self.layout) }
    }
}

/// The memory that a call works in.
pub(crate) enum Workspace<'w> {
    /// A buffer of the caller.
    Given(Buffer<'w>, usize),
    /// Memory that the caller keeps from call to call; it grows when a call needs more.
    Growing(&'w mut Option<Owned>),
    /// None was given: the call allocates it.
    Allocate,
}

impl<'w> Workspace<'w> {
    /// The buffer of the caller; refused unless aligned to [`ALIGNMENT`].
    ///
    /// # Safety
    /// As for [`Buffer::new`].
    pub(crate) unsafe fn given(start: *mut u8, bytes: usize) -> Result<Self, Error> {
        if !(start as usize).is_multiple_of(ALIGNMENT) {
            return refuse!(Workspace, "workspace: not aligned to {ALIGNMENT} bytes");
        }
        // SAFETY: the caller's contract.
        Ok(Workspace::Given(
            unsafe { Buffer::new(start, bytes, false) },
            bytes,
        ))
    }

    /// The caller's bytes; refused unless aligned to [`ALIGNMENT`].
    pub(crate) fn borrowed(bytes: &'w mut [u8]) -> Result<Self, Error> {
        // SAFETY: the borrow makes the bytes ours.
        unsafe { Workspace::given(bytes.as_mut_ptr(), bytes.len()) }
    }

    /// A part of another workspace.
    pub(crate) fn part(part: &'w mut [f64]) -> Self {
        let bytes = size_of_val(part);
        // SAFETY: the borrow makes the memory ours, and any bytes are doubles.
        let buffer = unsafe { Buffer::new(part.as_mut_ptr().cast(), bytes, false) };
        Workspace::Given(buffer, bytes)
    }

    /// Refuses a given buffer of less than `needed` bytes.
    pub(crate) fn check(&self, needed: usize) -> Result<(), Error> {
        match self {
            Workspace::Given(_, bytes) if *bytes < needed => {
                refuse!(
                    Workspace,
                    "workspace: {bytes} bytes, but {needed} are needed"
                )
            }
            _ => Ok(()),
        }
    }

    /// Calls `work` with a buffer of at least `needed` bytes.
    pub(crate) fn with<R>(
        self,
        needed: usize,
        work: impl FnOnce(Buffer<'_>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        self.check(needed)?;
        match self {
            Workspace::Given(buffer, _) => work(buffer),
            Workspace::Growing(kept) => {
                let enough = kept.take().filter(|owned| owned.bytes() >= needed);
                let owned = match enough {
                    Some(owned) => owned,
                    None => Owned::new(needed)?,
                };
                work(kept.insert(owned).buffer())
            }
            Workspace::Allocate => work(Owned::new(needed)?.buffer()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts<'w>(from: &mut impl Cut<'w>) -> (&'w mut [i32], &'w mut [f64]) {
        (from.take(3), from.take(9))
    }

    #[test]
    fn the_ruler_measures_what_the_buffer_needs_at_any_alignment() {
        let mut ruler = Ruler::default();
        parts(&mut ruler);
        let bytes = ruler.bytes().unwrap();
        let mut memory = vec![0xa5u8; bytes + 64];
        let first = memory.as_ptr().align_offset(64);
        for shift in [0, 16, 32, 48] {
            // SAFETY: inside the vector: at most 63 + 48 bytes before, and the vector is 64 longer.
            let start = unsafe { memory.as_mut_ptr().add((first + shift) % 64) };
            // SAFETY: `bytes` bytes from there are the vector's, and nobody else uses them meanwhile.
            let mut buffer = unsafe { Buffer::new(start, bytes, false) };
            let (a, b) = parts(&mut buffer);
            assert!(a.iter().all(|&x| x == 0) && b.iter().all(|&x| x == 0.0));
            assert_eq!((a.len(), b.len()), (3, 9));
        }
    }

    #[test]
    fn memory_of_its_own_is_zero_whenever_it_is_cut() {
        let mut memory = Owned::new(1 << 20).unwrap();
        for _ in 0..2 {
            let part = memory.buffer().take::<i32>(1000);
            assert!(part.iter().all(|&x| x == 0));
            part.fill(7);
        }
    }

    #[test]
    fn sizes_that_overflow_are_refused() {
        for length in [usize::MAX, usize::MAX / 8, isize::MAX as usize / 8 + 1] {
            let mut ruler = Ruler::default();
            ruler.take::<f64>(length);
            ruler.take::<f64>(1);
            assert!(ruler.bytes().is_err());
        }
    }
}
