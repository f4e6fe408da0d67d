//! Intel's tiles (AMX): whether the CPU and the system have them, their configuration, and products by them.
//!
//! Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18. A tile is sixteen rows of 64 bytes. One
//! instruction adds, to the sixteen by sixteen 32-bit integers of a tile, the products of sixteen rows of 64 bytes with sixteen
//! columns of 64, four to an element. Rows are centers here, and columns are the points of a group, which are packed for lanes anyway.
//!
//! The intrinsics are not stable, so this is assembly. Linux gives tiles to a process that asks for them, which it has to do once.

use core::arch::asm;
use core::arch::x86_64::__cpuid_count;
use std::sync::atomic::{AtomicU8, Ordering};

/// Rows of a tile, and elements of a row.
const SIDE: usize = 16;

/// Whether the CPU has tiles of bytes, and the system keeps their state.
pub(super) fn are_there() -> bool {
    const TILES_OF_BYTES: u32 = 0b11 << 24;
    // Both parts of the state, in the register that says what the system keeps.
    const KEPT: u32 = 0b11 << 17;
    let all = __cpuid_count(0, 0).eax >= 7;
    let (saves, bytes) = (
        __cpuid_count(1, 0).ecx & 1 << 27 != 0,
        all && __cpuid_count(7, 0).edx & TILES_OF_BYTES == TILES_OF_BYTES,
    );
    let pointers = cfg!(target_pointer_width = "64");
    if !saves || !bytes || !pointers || cfg!(not(target_os = "linux")) {
        return false;
    }
    let kept: u32;
    // SAFETY: the system has enabled the instruction, which only reads a register that there is.
    unsafe {
        asm!("xgetbv", in("ecx") 0, out("eax") kept, out("edx") _, options(nomem, nostack, preserves_flags));
    }
    kept & KEPT == KEPT
}

/// Whether the system lets this process use tiles, which the CPU has: it is asked at the first call. The first answer holds until the process ends, and for its
/// children; tiles that are given are not taken back.
pub(super) fn permitted() -> bool {
    const UNKNOWN: u8 = 0;
    const NO: u8 = 1;
    const YES: u8 = 2;
    static ANSWER: AtomicU8 = AtomicU8::new(UNKNOWN);
    match ANSWER.load(Ordering::Relaxed) {
        UNKNOWN => {
            let answer = if ask() { YES } else { NO };
            // Threads that ask at the same time may be told different things, as stacks for signals come and go.
            let first =
                ANSWER.compare_exchange(UNKNOWN, answer, Ordering::Relaxed, Ordering::Relaxed);
            first.map_or_else(|first| first, |_| answer) == YES
        }
        answer => answer == YES,
    }
}

#[cfg(target_os = "linux")]
fn ask() -> bool {
    use core::ffi::{c_int, c_long, c_ulong};
    extern "C" {
        fn syscall(number: c_long, ...) -> c_long;
        fn __errno_location() -> *mut c_int;
    }
    const ARCH_PRCTL: c_long = 158;
    const ARCH_REQ_XCOMP_PERM: c_ulong = 0x1023;
    const TILE_DATA: c_ulong = 18;
    // SAFETY: the call takes two numbers, and changes nothing but what this process may use; errno is this thread's, and the caller's.
    unsafe {
        let errno = __errno_location();
        let before = *errno;
        let answer = syscall(ARCH_PRCTL, ARCH_REQ_XCOMP_PERM, TILE_DATA);
        *errno = before;
        answer == 0
    }
}

#[cfg(not(target_os = "linux"))]
fn ask() -> bool {
    false
}

/// What `ldtilecfg` reads: palette 1, and for each tile the bytes of a row and its rows.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// Makes tiles of all registers of this thread, for so many centers, at most sixteen, and groups of so many elements: four to add to, one of centers and
/// one of a group, and two that are as long as what is left of the elements after whole tiles.
///
/// # Safety
/// The process is [`permitted`] to use tiles; there is a row; [`release`] follows.
#[inline(always)]
pub(super) unsafe fn configure(rows: usize, elements: usize) {
    let left = elements % SIDE;
    let mut configuration = Configuration {
        palette: 1,
        start_row: 0,
        reserved: [0; 14],
        row_bytes: [0; 16],
        rows: [0; 16],
    };
    configuration.row_bytes[..6].fill(64);
    configuration.rows[..5].fill(rows as u8);
    configuration.rows[5] = 16;
    if left > 0 {
        (configuration.row_bytes[6], configuration.rows[6]) = (4 * left as u16, rows as u8);
        (configuration.row_bytes[7], configuration.rows[7]) = (64, left as u8);
    }
    // SAFETY: the contract; the instruction reads these 64 bytes.
    unsafe {
        asm!("ldtilecfg [{}]", in(reg) &configuration, options(readonly, nostack, preserves_flags));
    }
}

/// Gives the tiles back, with nothing in them.
///
/// # Safety
/// They were configured.
#[inline(always)]
pub(super) unsafe fn release() {
    // SAFETY: the contract.
    unsafe {
        asm!("tilerelease", options(nomem, nostack, preserves_flags));
    }
}

/// Products of signed bytes of centers with unsigned bytes of points, summed: of sixteen centers with a group, or of two times sixteen with two.
///
/// # Safety
/// Tiles are [`configure`]d for `elements`. As many centers as they have rows, one after the other, start at each of `centers`, and a
/// group of `elements` rows of 64 bytes at each of `groups`. Sums of center c of the b-th sixteen and of group g go to the row of 64 bytes
/// number (16 b + c) G + g of `sums`.
#[inline(always)]
pub(super) unsafe fn multiply<const C: usize, const G: usize>(
    centers: [*const i32; C],
    groups: [*const i32; G],
    elements: usize,
    sums: *mut i32,
) {
    // SAFETY: the contract. The tiles of what is left are used only where something is left, and so are configured.
    unsafe {
        if C == 2 && G == 2 {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "test {whole}, {whole}",
                "jz 3f",
                "2:",
                "tileloadd tmm4, [{a0} + {row} * 1]",
                "tileloadd tmm5, [{b0} + {column} * 1]",
                "tdpbsud tmm0, tmm4, tmm5",
                "tileloadd tmm5, [{b1} + {column} * 1]",
                "tdpbsud tmm1, tmm4, tmm5",
                "tileloadd tmm4, [{a1} + {row} * 1]",
                "tdpbsud tmm3, tmm4, tmm5",
                "tileloadd tmm5, [{b0} + {column} * 1]",
                "tdpbsud tmm2, tmm4, tmm5",
                "add {a0}, 64",
                "add {a1}, 64",
                "add {b0}, 1024",
                "add {b1}, 1024",
                "dec {whole}",
                "jnz 2b",
                "3:",
                "test {left}, {left}",
                "jz 4f",
                "tileloadd tmm6, [{a0} + {row} * 1]",
                "tileloadd tmm7, [{b0} + {column} * 1]",
                "tdpbsud tmm0, tmm6, tmm7",
                "tileloadd tmm7, [{b1} + {column} * 1]",
                "tdpbsud tmm1, tmm6, tmm7",
                "tileloadd tmm6, [{a1} + {row} * 1]",
                "tdpbsud tmm3, tmm6, tmm7",
                "tileloadd tmm7, [{b0} + {column} * 1]",
                "tdpbsud tmm2, tmm6, tmm7",
                "4:",
                "tilestored [{sums} + {stride} * 1], tmm0",
                "tilestored [{sums} + {stride} * 1 + 64], tmm1",
                "tilestored [{sums} + {stride} * 1 + 2048], tmm2",
                "tilestored [{sums} + {stride} * 1 + 2112], tmm3",
                a0 = inout(reg) centers[0] => _,
                a1 = inout(reg) centers[1] => _,
                b0 = inout(reg) groups[0] => _,
                b1 = inout(reg) groups[1] => _,
                row = in(reg) 4 * elements,
                column = in(reg) 64usize,
                whole = inout(reg) elements / SIDE => _,
                left = in(reg) elements % SIDE,
                sums = in(reg) sums,
                stride = in(reg) 128usize,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack)
            );
            return;
        }
        for (b, &center) in centers.iter().enumerate() {
            for (g, &group) in groups.iter().enumerate() {
                asm!(
                    "tilezero tmm0",
                    "test {whole}, {whole}",
                    "jz 3f",
                    "2:",
                    "tileloadd tmm4, [{a} + {row} * 1]",
                    "tileloadd tmm5, [{b} + {column} * 1]",
                    "tdpbsud tmm0, tmm4, tmm5",
                    "add {a}, 64",
                    "add {b}, 1024",
                    "dec {whole}",
                    "jnz 2b",
                    "3:",
                    "test {left}, {left}",
                    "jz 4f",
                    "tileloadd tmm6, [{a} + {row} * 1]",
                    "tileloadd tmm7, [{b} + {column} * 1]",
                    "tdpbsud tmm0, tmm6, tmm7",
                    "4:",
                    "tilestored [{sums} + {stride} * 1], tmm0",
                    a = inout(reg) center => _,
                    b = inout(reg) group => _,
                    row = in(reg) 4 * elements,
                    column = in(reg) 64usize,
                    whole = inout(reg) elements / SIDE => _,
                    left = in(reg) elements % SIDE,
                    sums = in(reg) sums.add((SIDE * b * G + g) * SIDE),
                    stride = in(reg) 64 * G,
                    out("tmm0") _, out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                    options(nostack)
                );
            }
        }
    }
}

/// Products of 16-bit integers of centers with those of a group, by their bytes, summed: the high bytes of both, those of one with the low bytes
/// of the other, and the low bytes of both. Integers are as [`Element::arrange_center`](super::products::Element::arrange_center) leaves them.
///
/// # Safety
/// Tiles are [`configure`]d for half of `elements`. As many centers as they have rows start at `centers`, and a group of `elements` rows of 64 bytes at
/// `group`. Three tiles go to `sums`.
#[inline(always)]
pub(super) unsafe fn multiply_halves(
    centers: *const i32,
    group: *const i32,
    elements: usize,
    sums: *mut i32,
) {
    let twos = elements / 2;
    // SAFETY: the contract. The tiles of what is left are used only where something is left, and so are configured.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "test {whole}, {whole}",
            "jz 3f",
            "2:",
            "tileloadd tmm4, [{high} + {row} * 1]",
            "tileloadd tmm5, [{group} + {column} * 1 + 64]",
            "tdpbssd tmm0, tmm4, tmm5",
            "tileloadd tmm4, [{low} + {row} * 1]",
            "tdpbusd tmm1, tmm4, tmm5",
            "tileloadd tmm5, [{group} + {column} * 1]",
            "tdpbuud tmm2, tmm4, tmm5",
            "tileloadd tmm4, [{high} + {row} * 1]",
            "tdpbsud tmm1, tmm4, tmm5",
            "add {high}, 64",
            "add {low}, 64",
            "add {group}, 2048",
            "dec {whole}",
            "jnz 2b",
            "3:",
            "test {left}, {left}",
            "jz 4f",
            "tileloadd tmm6, [{high} + {row} * 1]",
            "tileloadd tmm7, [{group} + {column} * 1 + 64]",
            "tdpbssd tmm0, tmm6, tmm7",
            "tileloadd tmm6, [{low} + {row} * 1]",
            "tdpbusd tmm1, tmm6, tmm7",
            "tileloadd tmm7, [{group} + {column} * 1]",
            "tdpbuud tmm2, tmm6, tmm7",
            "tileloadd tmm6, [{high} + {row} * 1]",
            "tdpbsud tmm1, tmm6, tmm7",
            "4:",
            "tilestored [{sums} + {stride} * 1], tmm0",
            "tilestored [{sums} + {stride} * 1 + 1024], tmm1",
            "tilestored [{sums} + {stride} * 1 + 2048], tmm2",
            low = inout(reg) centers => _,
            high = inout(reg) centers.add(twos) => _,
            group = inout(reg) group => _,
            row = in(reg) 4 * elements,
            column = in(reg) 128usize,
            whole = inout(reg) twos / SIDE => _,
            left = in(reg) twos % SIDE,
            sums = in(reg) sums,
            stride = in(reg) 64usize,
            out("tmm0") _, out("tmm1") _, out("tmm2") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack)
        );
    }
}
