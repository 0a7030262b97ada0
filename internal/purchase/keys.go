package purchase

// SecondKeys stands before the idempotency keys of the second version of the API, so that they never meet those of the first:
// partners' keys are visible characters.
const SecondKeys = "\x02"
