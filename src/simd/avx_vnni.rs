//! AVX2 with AVX-VNNI: the same lanes, and products of bytes and of words that are added as they are made.

use super::products::{Avx2F32, Avx2F64, AvxVnniBytes, AvxVnniPairs};
use super::{avx2::Avx2, kernel::InstructionSet};

pub(super) struct AvxVnni;

impl InstructionSet for AvxVnni {
    type Lanes = Avx2;
    type Single = Avx2F32;
    type Double = Avx2F64;
    type Sketch = AvxVnniBytes;
    type Words = AvxVnniPairs;
    type Bytes = AvxVnniBytes;
}
