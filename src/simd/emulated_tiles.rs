//! Portable vectors, with bytes and words by what tiles do, for tests of all that is around these.

use super::kernel::InstructionSet;
use super::portable::Portable;
use super::products::{EmulatedBytes, EmulatedPairs, PortableBytes, PortableF32, PortableF64};

pub(super) struct EmulatedTiles;

impl InstructionSet for EmulatedTiles {
    type Lanes = Portable;
    type Single = PortableF32;
    type Double = PortableF64;
    type Sketch = PortableBytes;
    type Words = EmulatedPairs;
    type Bytes = EmulatedBytes;
}
