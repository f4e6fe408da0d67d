//! What the vectors of x86-64 and of AArch64 have in common.

/// Vectors whose operations are intrinsics, which differ only in their names.
macro_rules! vectors {
    ($name:ident, $element:ty, $vector:ident, $width:literal, $registers:expr,
     $splat:ident, $load:ident, $store:ident, $fma:ident, $add:ident, $sub:ident, $min:ident, $max:ident,
     |$to:ident, $from:ident| $store_labels:expr,
     |$a:ident, $b:ident, $x:ident, $y:ident| $select:expr,
     |$p:ident, $q:ident| $not_greater:expr
     $(, { $($more:tt)* })?) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $name;

        impl Screen for $name {
            type E = $element;
            const WIDTH: usize = $width;
            const REGISTERS: usize = $registers;
            type V = $vector;
            $($($more)*)?

            #[inline(always)]
            unsafe fn splat(x: $element) -> $vector {
                // SAFETY: the caller is compiled for the instruction set.
                unsafe { $splat(x) }
            }
            #[inline(always)]
            unsafe fn load(from: *const $element) -> $vector {
                // SAFETY: as above, and the caller vouches for the elements; no alignment is needed.
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn store(to: *mut $element, x: $vector) {
                // SAFETY: as above, and the caller vouches for the elements; no alignment is needed.
                unsafe { $store(to, x) }
            }
            #[inline(always)]
            unsafe fn mul_add(a: $vector, b: $vector, c: $vector) -> $vector {
                // SAFETY: the caller is compiled for the instruction set.
                unsafe { $fma(a, b, c) }
            }
            #[inline(always)]
            unsafe fn add(a: $vector, b: $vector) -> $vector {
                // SAFETY: the caller is compiled for the instruction set.
                unsafe { $add(a, b) }
            }
            #[inline(always)]
            unsafe fn sub(a: $vector, b: $vector) -> $vector {
                // SAFETY: the caller is compiled for the instruction set.
                unsafe { $sub(a, b) }
            }
            #[inline(always)]
            unsafe fn store_labels($to: *mut i32, $from: $vector) {
                // SAFETY: as above, and the caller vouches for the integers; no alignment is needed.
                unsafe { $store_labels }
            }
            #[inline(always)]
            unsafe fn min(a: $vector, b: $vector) -> $vector {
                // SAFETY: the caller is compiled for the instruction set.
                unsafe { $min(a, b) }
            }
            #[inline(always)]
            unsafe fn max(a: $vector, b: $vector) -> $vector {
                // SAFETY: the caller is compiled for the instruction set.
                unsafe { $max(a, b) }
            }
            #[inline(always)]
            unsafe fn select_less($a: $vector, $b: $vector, $x: $vector, $y: $vector) -> $vector {
                // SAFETY: the caller is compiled for the instruction set.
                unsafe { $select }
            }
            #[inline(always)]
            unsafe fn not_greater($p: $vector, $q: $vector) -> u32 {
                // SAFETY: the caller is compiled for the instruction set.
                unsafe { $not_greater as u32 }
            }
        }
    };
}
