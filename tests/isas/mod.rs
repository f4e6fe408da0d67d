//! The instruction sets that a test runs programs with.

use centra::Isa;

/// Those of this architecture, by their names in `CENTRA_ISA`.
const ISAS: &[(Isa, &str)] = match cfg!(target_arch = "aarch64") {
    true => &[(Isa::Portable, "portable"), (Isa::Neon, "neon")],
    false => &[
        (Isa::Portable, "portable"),
        (Isa::Avx2, "avx2"),
        (Isa::Avx512, "avx512"),
        (Isa::Amx, "amx"),
    ],
};

/// Those that this machine has. Under the name of another a program does what it does under that of the best of these, which
/// `tests/isa.rs` checks.
pub fn isas() -> impl Iterator<Item = &'static str> {
    let here = |(isa, _): &&(Isa, &str)| *isa <= centra::isa();
    ISAS.iter().filter(here).map(|(_, name)| *name)
}
