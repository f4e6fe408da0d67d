#!/bin/sed -Ef
# In the comments of the header, names of functions and constants are marked as such for doxygen, which then refuses those that do not
# exist. It knows structs, and calls with arguments, by itself; CENTRA_ISA is a variable of the environment.
/^ *\/\/\/ /{
    s/\b(centra_[a-z0-9_]+|CENTRA_[A-Z0-9_]+)\b/#\1/g
    s/#(centra_(options|report|problem|progress|csr|watch|stream_state)|CENTRA_ISA)\b/\1/g
    s/#(\w+\()/\1/g
}
