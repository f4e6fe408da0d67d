//! The instruction sets that a test runs programs with.

use centra::Isa;

/// Those that this machine has, by their names in `CENTRA_ISA`. Under the name of another a program does what it does under that of the
/// best of these, which `tests/isa.rs` checks.
pub fn isas() -> impl Iterator<Item = &'static str> {
    [
        (Isa::Portable, "portable"),
        (Isa::Avx2, "avx2"),
        (Isa::Avx512, "avx512"),
    ]
    .into_iter()
    .filter(|(isa, _)| *isa <= centra::isa())
    .map(|(_, name)| name)
}
