package storage_test

// A wrapped key stands for what another key sealed.
var keyHarms = []harm{
	{
		"a data key is gone", `DELETE FROM vault_keys WHERE number = 1`,
		"the key is there that sealed each units.number", "units 100001",
	},
	{
		"no data key seals", `UPDATE vault_keys SET state = 3 WHERE number = 1`,
		"there is one root key, and one data key seals", "1 root keys, 0 data keys that seal",
	},
	{
		"an endpoint's secret is of another key", `INSERT INTO endpoints (id, partner_id, url, types, state, secret, created_at)
SELECT 77, {demo}, 'https://shop.example', '', 2, sealed, 0 FROM vault_keys WHERE number = 1`,
		"the key is there that sealed each endpoints.secret", "endpoints 77",
	},
	{
		"an endpoint's former secret is of another key", `INSERT INTO endpoints (id, partner_id, url, types, state, secret, previous, created_at)
SELECT 77, {demo}, 'https://shop.example', '', 2, mark, sealed, 0 FROM vault_keys WHERE number = 1`,
		"the key is there that sealed each endpoints.previous", "endpoints 77",
	},
	{
		"a second factor is of another key", `INSERT INTO operators (id, email, name, role, password_hash, totp_secret, created_at)
SELECT 77, 'lee@example.com', 'Lee', 'admin', 'hash', sealed, 0 FROM vault_keys WHERE number = 1`,
		"the key is there that sealed each operators.totp_secret", "operators 77",
	},
	{
		"a kept file is of another key", `INSERT INTO imports (id, kind, file, operator_id, actor, state, counts, findings, body, at, changed_at)
SELECT 77, 'vouchers', 'f.csv', 0, 'lee', 'checked', '{}', '[]', sealed, 0, 0 FROM vault_keys WHERE number = 1`,
		"the key is there that sealed each imports.body", "imports 77",
	},
}
