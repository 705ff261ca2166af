// Stands for the form library's reader of addresses, of which it needs two sentences to find what a $ref names: it has 24 kB.

function resolve(base, reference) {
  try {
    return new URL(reference, base).href;
  } catch {
    return reference.startsWith("#") ? `${base.split("#")[0]}${reference}` : reference; // the base is no whole address
  }
}

const bare = (address) => String(address).replace(/#$/, "");

export default { resolve, equal: (one, other) => bare(one) === bare(other) };
