//! AVX-512 with VNNI: the same lanes, and products of bytes and of words.

use super::products::{Avx512F32, Avx512F64, Vnni, VnniPairs};
use super::{avx512::Avx512, kernel::InstructionSet};

pub(super) struct Avx512Vnni;

impl InstructionSet for Avx512Vnni {
    type Lanes = Avx512;
    type Single = Avx512F32;
    type Double = Avx512F64;
    type Sketch = Vnni;
    type Words = VnniPairs;
    type Bytes = Vnni;
}
