//! AVX-512 with VNNI and tiles (AMX): the same lanes, and products of bytes and words by tiles.

use super::products::{AmxBytes, AmxPairs, Avx512F32, Avx512F64, Vnni};
use super::{avx512::Avx512, kernel::InstructionSet};

pub(super) struct Amx;

impl InstructionSet for Amx {
    type Lanes = Avx512;
    type Single = Avx512F32;
    type Double = Avx512F64;
    type Sketch = Vnni;
    type Words = AmxPairs;
    type Bytes = AmxBytes;
}
