package storage

// keyChecks are about what is sealed, and the keys it is sealed under. A database that was only migrated has no keys yet.
func keyChecks() []check {
	checks := []check{{"there is one root key, and one data key seals", `
SELECT roots || ' root keys, ' || sealing || ' data keys that seal' AS detail FROM (
    SELECT COUNT(CASE WHEN number = 0 THEN 1 END) AS roots, COUNT(CASE WHEN number > 0 AND state = 2 THEN 1 END) AS sealing,
        COUNT(*) AS there FROM vault_keys) x
WHERE there > 0 AND (roots <> 1 OR sealing <> 1)`}}
	for _, c := range sealedColumns {
		checks = append(checks, check{"the key is there that sealed each " + c.table + "." + c.column, `
SELECT '` + c.table + ` ' || t.id AS detail FROM ` + c.table + ` t
WHERE LENGTH(t.` + c.column + `) > 0
  AND substr(t.` + c.column + `, 1, 4) NOT IN (SELECT k.mark FROM vault_keys k WHERE k.number > 0)`})
	}
	return checks
}
