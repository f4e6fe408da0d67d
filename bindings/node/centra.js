// The C API of centra as the installed header declares it, by koffi: structs, callbacks, functions, and constants by name.
//
//     const centra = require('./centra.js')(header, library)
//
// header: the path of centra.h; library: the path of libcentra.so, or its name where the system looks for libraries.
const fs = require('fs');
const koffi = require('koffi');

module.exports = (header, library = 'libcentra.so') => {
    const text = fs.readFileSync(header, 'utf8');
    const centra = {};
    for (const [, name, value] of text.matchAll(/^ +(CENTRA_\w+) = (-?\d+),$/gm))
        centra[name] = Number(value);

    // Without comments and what only a preprocessor understands; `struct x` is `x` to koffi.
    const declarations = text
        .replace(/\\\n/g, ' ')
        .replace(/\/\*.*?\*\/|\/\/.*?$/gms, '')
        .replace(/^#ifdef __cplusplus$.*?^#endif.*?$/gms, '')
        .replace(/^#.*$/gm, '')
        .replace(/\bstruct (?=centra_\w+ \*)/g, '');
    const lib = koffi.load(library);
    const one = /typedef struct (\w+) \{(.*?)\} \w+;|typedef (\w+) \(\*(\w+)\)\((.*?)\);|(\w[\w *]*\bcentra_\w+)\((.*?)\);/gs;
    for (const [, struct, members, returns, callback, parameters, start, rest] of declarations.matchAll(one)) {
        if (struct) {
            const pairs = members.split(';').map(member => member.trim().match(/^(.*?)(\w+)$/s)).filter(Boolean);
            koffi.struct(struct, Object.fromEntries(pairs.map(([, type, name]) => [name, type.trim()])));
        } else if (callback) {
            koffi.pointer(callback, koffi.proto(`${returns} ${callback}_prototype(${parameters})`));
        } else {
            // Structs that are not const are written, and so copied back into the object.
            const arguments_ = rest.replace(/(^|,\s*)(?=centra_\w+ \*)/g, '$1_Inout_ ');
            centra[start.match(/\w+$/)[0]] = lib.func(`${start}(${arguments_})`);
        }
    }

    // centra_options_init and centra_report_init are macros in the header, which call these.
    const initialised = (type, init) => () => {
        const object = koffi.decode(Buffer.alloc(koffi.sizeof(type)), type);
        init(object, koffi.sizeof(type));
        return object;
    };
    centra.options = initialised('centra_options', centra.centra_options_init_sized);
    centra.report = initialised('centra_report', centra.centra_report_init_sized);

    // An exception for a call that was refused; else the status.
    centra.check = status => {
        if (status < 0)
            throw new Error(`${centra.centra_status_message(status)}: ${centra.centra_error_detail()}`);
        return status;
    };
    return centra;
};
