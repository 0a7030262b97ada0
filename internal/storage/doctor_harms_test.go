package storage_test

// harm is a change that no code of ours makes. Names in braces stand for the patient's numbers.
type harm struct{ name, sql, check, detail string }

var harms = []harm{
	{
		"an entry is changed", `UPDATE entries SET amount = amount + 5 WHERE account_id = {account} AND txn_id = {live}`,
		"every transaction balances", "transaction {live} adds up to 5",
	},
	{
		"an order's entry is changed", `UPDATE entries SET amount = amount + 5 WHERE account_id = {account} AND txn_id = {live}`,
		"every live order is booked from its partner to sales, no other is",
		"order {live}: -1875 instead of -1880 booked on account {account}",
	},
	{
		"a head loses its entries", `DELETE FROM entries WHERE txn_id = (SELECT MIN(id) FROM ledger_transactions)`,
		"every transaction has entries", "has none",
	},
	{
		"an entry has no head", `INSERT INTO entries (account_id, txn_id, amount) VALUES (1, 77, 5)`,
		"every entry has a transaction", "there is no transaction or order 77",
	},
	{
		"an order's number is used for a deposit",
		`INSERT INTO ledger_transactions (id, kind, memo, at) VALUES ({live}, 'deposit', '', 1)`,
		"no order is a ledger transaction too", "number {live} is used twice",
	},
	{
		"a live order loses its entries", `DELETE FROM entries WHERE txn_id = {live}`,
		"every live order is booked from its partner to sales, no other is",
		"order {live}: 0 instead of 1880 booked on sales",
	},
	{
		"an order is booked to the bank", `UPDATE entries SET account_id = 1 WHERE txn_id = {live} AND amount > 0`,
		"every live order is booked from its partner to sales, no other is",
		"order {live}: 1880 instead of 0 booked on account 1",
	},
	{
		"a free order is booked", `INSERT INTO entries (account_id, txn_id, amount) VALUES (16, {free}, 5), (17, {free}, -5)`,
		"every live order is booked from its partner to sales, no other is", "order {free}: 0 instead of 0 booked on sales",
	},
	{
		"a sandbox order is booked",
		`INSERT INTO entries (account_id, txn_id, amount) VALUES ({test account}, {sandbox}, -5), (16, {sandbox}, 5)`,
		"every live order is booked from its partner to sales, no other is", "order {sandbox}: 5 instead of 0 booked on sales",
	},
	{
		"a balance is changed", `UPDATE accounts SET balance = balance + 1 WHERE id = {account}`,
		"every balance equals its entries", "account {account} shows 95741, its entries add up to 95740",
	},
	{
		"an account without entries has a balance", `UPDATE accounts SET balance = 3 WHERE kind = 'refunds'`,
		"every balance equals its entries", "account 2 shows 3, its entries add up to -1880",
	},
	{
		"a partner hears without an endpoint", `UPDATE partners SET hears = 1 WHERE id = {demo}`,
		"a partner hears if and only if one of its endpoints is on", "hears is 1, endpoints that are on: 0",
	},
	{
		"a delivery is of nothing", `INSERT INTO deliveries (endpoint_id, event_id, order_id, due_at) VALUES (77, 78, 0, 1)`,
		"every delivery is of an event, to an endpoint that may be told of it", "endpoint 77, event 78",
	},
	{
		"an order is told to everybody",
		`INSERT INTO events (id, type, partner_id, order_id, data) VALUES (1, 'order.completed', 0, {live}, '')`,
		"every event of an order is told to its buyer", "event 1 of order {live} is told to partner 0",
	},
	{
		"a prepaid balance is below zero", `UPDATE accounts SET balance = -1 WHERE id = {account}`,
		"no prepaid balance is below zero", "partner {demo} has -1",
	},
	{
		"a partner loses its account", `DELETE FROM accounts WHERE id = {account}`,
		"every partner has an account", "partner {demo} has none",
	},
	{
		"an account gets another number", `UPDATE accounts SET id = 77 WHERE kind = 'prepaid' AND owner_id = {test}`,
		"every account's number follows from its owner", "account 77 is prepaid of {test}",
	},
	{
		"test money is withdrawn to the bank",
		`INSERT INTO ledger_transactions (id, kind, memo, at) VALUES (77, 'deposit', '', 1);
INSERT INTO entries (account_id, txn_id, amount) VALUES ({test account}, 77, -5), (1, 77, 5)`,
		"test money stays apart", "transaction 77 is not between",
	},
	{
		"a sandbox partner is credited by something else than a deposit or an adjustment",
		`INSERT INTO ledger_transactions (id, kind, memo, at) VALUES (77, 'gift', '', 1);
INSERT INTO entries (account_id, txn_id, amount) VALUES ({test account}, 77, 5), (3, 77, -5)`,
		"test money stays apart", "transaction 77 is not between",
	},
	{
		"a unit is sold again",
		`UPDATE order_items SET unit_id = 100001, test_order = 1 WHERE order_id = {live} AND line = 1`,
		"no unit is in two live orders", "unit 100001 is in 2",
	},
	{
		"another offer's unit is sold", `UPDATE order_items SET unit_id = 200005 WHERE order_id = {live} AND line = 2`,
		"every unit in an order is its offer's", "order {live} line 2: unit 200005 is of offer 2, not 1",
	},
	{
		"a free unit is in an order", `UPDATE order_items SET unit_id = 100004 WHERE order_id = {live} AND line = 2`,
		"every unit in a live order counts as sold", "unit 100004 stands at 4 of offer 1, sold are those before 4",
	},
	{
		"a sale is not in stock", `UPDATE offers SET next_position = next_position + 1 WHERE id = 1`,
		"every offer sold what its live orders have", "offer 1 counts 4 sold units, live orders have 3",
	},
	{
		"a unit is gone", `DELETE FROM units WHERE id = 100004`,
		"every offer's units stand at 1 to its last position", "offer 1 has 4 units from 1 to 5, its last position is 5",
	},
	{
		"a position is left out", `UPDATE units SET position = 6 WHERE id = 100004`,
		"every offer's units stand at 1 to its last position", "offer 1 has 5 units from 1 to 6, its last position is 5",
	},
	{
		"a sold unit is withdrawn", `UPDATE units SET position = -2000000000000000 WHERE id = 100001`,
		"no withdrawn unit is in a live order", "unit 100001 is in order",
	},
	{
		"a free unit is withdrawn behind its offer's back", `UPDATE units SET position = -2000000000000000 WHERE id = 100005`,
		"every offer's units stand at 1 to its last position", "offer 1 has 4 units from 1 to 4, its last position is 5",
	},
	{
		"an offer has units that it does not know of", `UPDATE offers SET last_position = 4 WHERE id = 1`,
		"every offer's units stand at 1 to its last position", "offer 1 has 5 units",
	},
	{
		"an item's price is changed", `UPDATE order_items SET paid = paid - 1 WHERE order_id = {live} AND line = 1`,
		"every order costs what its items cost", "order {live} is 1880, its items are 1879",
	},
	{
		"a line is left out", `UPDATE order_items SET line = 3 WHERE order_id = {live} AND line = 2`,
		"every order has lines 1, 2, …", "order {live} has 2 from 1 to 3",
	},
	{
		"an order has no items", `DELETE FROM order_items WHERE order_id = {free}`,
		"every order has lines 1, 2, …", "order {free} has none",
	},
	{
		"an item is another partner's", `UPDATE order_items SET partner_id = {test} WHERE order_id = {live} AND line = 2`,
		"every item agrees with its order and its offer", "order {live} line 2",
	},
	{
		"an item is of another kind", `UPDATE order_items SET kind = 2 WHERE order_id = {live} AND line = 2`,
		"every item agrees with its order and its offer", "order {live} line 2",
	},
	{
		"a sandbox item counts as live",
		`UPDATE order_items SET test_order = 0, unit_id = 100005 WHERE order_id = {sandbox} AND line = 1`,
		"every item agrees with its order and its offer", "order {sandbox} line 1",
	},
	{
		"a sandbox partner becomes a live one", `UPDATE partners SET sandbox = 0 WHERE id = {test}`,
		"every order is as its partner, live or sandbox", "order {sandbox}",
	},
	{
		"a day's figures are wrong", `UPDATE partner_days SET items = items + 1 WHERE partner_id = {demo} AND kind = 1`,
		"every partner's days equal its orders", "0 orders, 1 items, 0 spent and 0 face value too many",
	},
	{
		"a day is missing", `DELETE FROM partner_days WHERE partner_id = {demo} AND kind = 1`,
		"every partner's days equal its orders", "-4 orders, -6 items, -5640 spent and -8400 face value too many",
	},
	{
		"a purchase is on another day", `UPDATE orders SET at = at + 43200000 WHERE id = {live}`, // noon becomes midnight
		"every partner's days equal its orders", "1 orders, 2 items, 1880 spent and 2800 face value too many",
	},
	{
		"a once-per-partner purchase is forgotten", `DELETE FROM once_claims WHERE partner_id = {demo}`,
		"once-per-partner offers are sold once per partner", "partner {demo}, offer 2: 1 bought, 0 of them by a partner with a claim",
	},
	{
		"a partner buys twice what it may buy once",
		`UPDATE order_items SET offer_id = 2, unit_id = 200005 WHERE order_id = {late} AND line = 1`,
		"once-per-partner offers are sold once per partner", "partner {demo}, offer 2: 2 bought, 2 of them by a partner with a claim",
	},
	{
		"a partner may not buy what it did not buy", `INSERT INTO once_claims (partner_id, offer_id) VALUES ({test}, 3)`,
		"every claim of a once-per-partner offer has a purchase", "partner {test} did not buy from offer 3",
	},
	{
		"a coupon is used by another shop's seller", `UPDATE order_items SET used_seller = 1 WHERE order_id = {used}`,
		"every used coupon was used by a seller of its shop", "order {used} line 1: seller 1 is not of shop 38",
	},
	{
		"a coupon is used by nobody", `UPDATE order_items SET used_seller = NULL WHERE order_id = {used}`,
		"every used coupon was used by a seller of its shop", "order {used} line 1: seller 0 is not of shop 38",
	},
	{
		"a used coupon was never redeemed", `DELETE FROM redemptions WHERE order_id = {used}`,
		"every used coupon has the one redemption that stands", "order {used} line 1: seller",
	},
	{
		"a redemption is of another coupon", `UPDATE redemptions SET unit_id = unit_id + 1 WHERE order_id = {used}`,
		"every redemption is of its item", "of order {used} line 1",
	},
	{
		"a redemption is undone at another shop",
		`INSERT INTO redemptions SELECT id + 1, id, order_id, line, test_order, offer_id, unit_id, face, paid, 37, day, seller_id, via,
	device, operator_id, actor, reason, at FROM redemptions WHERE order_id = {used}`,
		"what was undone is a redemption of the same coupon at the same shop", "undoes",
	},
	{
		"a redemption is undone behind the ledger's back",
		`INSERT INTO redemptions SELECT id + 1, id, order_id, line, test_order, offer_id, unit_id, face, paid, shop_id, day, seller_id, via,
	device, operator_id, actor, reason, at FROM redemptions WHERE order_id = {used}`,
		"every redemption of a paid coupon is booked as one, every undoing as one", "0 instead of -500 booked as undone",
	},
	{
		"a used coupon counts as unused", `UPDATE order_items SET used_at = NULL, used_seller = NULL WHERE order_id = {used}`,
		"every paid coupon that was used is owed to its shop once", "order {used}, shop 38: 500 instead of 0 booked",
	},
	{
		"a shop is not owed its coupon", `UPDATE ledger_transactions SET kind = 'adjustment' WHERE order_id = {used}`,
		"every paid coupon that was used is owed to its shop once", "order {used}, shop 38: 0 instead of 500 booked",
	},
	{
		"a deposit is taken from sales instead of the bank",
		`UPDATE accounts SET balance = balance + 100000 WHERE id = 1;
UPDATE accounts SET balance = balance - 100000 WHERE id = 16;
UPDATE entries SET account_id = 16 WHERE account_id = 1`,
		"every ledger transaction is between the accounts of its kind", "is a deposit from sales to prepaid in 2 entries",
	},
	{
		"a deposit is split",
		`UPDATE accounts SET balance = balance + 1 WHERE id = 2;
UPDATE accounts SET balance = balance - 1 WHERE id = 1;
INSERT INTO entries (account_id, txn_id, amount) SELECT 2, txn_id, 1 FROM entries WHERE account_id = 1;
UPDATE entries SET amount = amount - 1 WHERE account_id = 1`,
		"every ledger transaction is between the accounts of its kind", "to refunds in 3 entries",
	},
	{
		"a partner pays for a redemption instead of sales",
		`UPDATE entries SET account_id = {account} WHERE amount < 0 AND
		txn_id = (SELECT id FROM ledger_transactions WHERE kind = 'redemption')`,
		"every ledger transaction is between the accounts of its kind", "is a redemption from prepaid to payable in 2 entries",
	},
	{
		"a transaction is of a kind that nobody knows", `UPDATE ledger_transactions SET kind = 'gift' WHERE kind = 'redemption'`,
		"every ledger transaction is between the accounts of its kind", "is a gift from sales to payable in 2 entries",
	},
	{
		"a deposit is of an order", `UPDATE ledger_transactions SET order_id = {live} WHERE kind = 'deposit'`,
		"a redemption or a refund is of an order, a deposit or an adjustment of none", "is a deposit of order {live}",
	},
	{
		"a redemption is of no order", `UPDATE ledger_transactions SET order_id = NULL WHERE kind = 'redemption'`,
		"a redemption or a refund is of an order, a deposit or an adjustment of none", "is a redemption of order 0",
	},
	{
		"a sold gifticon loses its number", `UPDATE units SET number = NULL WHERE id = 100001`,
		"every gifticon has a number", "unit 100001 of offer 1 has none",
	},
	{
		"a free gifticon can be sold again under another number", `UPDATE units SET number_hash = NULL WHERE id = 100005`,
		"every gifticon has a number", "unit 100005 of offer 1 has none",
	},
	{
		"a gifticon is of a campaign", `UPDATE offers SET product_id = NULL, campaign_id = 188 WHERE id = 1`,
		"every offer is of a product or a campaign, as its kind says", "offer 1 of kind 1 is of product 0, campaign 188",
	},
	{
		"an offer names another last buyer", `UPDATE offers SET last_partner = {test} WHERE id = 1`,
		"every offer knows who bought its last unit", "offer 1 names order {late} of partner {test}, the unit sold last is in order {late} of partner {demo}",
	},
	{
		"an offer names an older order", `UPDATE offers SET last_order = {live} WHERE id = 1`,
		"every offer knows who bought its last unit", "offer 1 names order {live} of partner {demo}, the unit sold last is in order {late}",
	},
	{
		"an offer that never sold names a buyer", `UPDATE offers SET last_order = {live}, last_partner = {demo} WHERE id = 3`,
		"every offer knows who bought its last unit", "offer 3 names order {live} of partner {demo}, the unit sold last is in order 0",
	},
	{
		"an item costs less than nothing",
		`UPDATE order_items SET paid = paid + 941 WHERE order_id = {live} AND line = 1;
UPDATE order_items SET paid = paid - 941 WHERE order_id = {live} AND line = 2`,
		"no item has a price below zero", "order {live} line 2 cost -1 of 1400",
	},
	{
		"a used coupon is cancelled", `UPDATE order_items SET cancelled_at = 1 WHERE order_id = {used}`,
		"no item is both used and cancelled", "order {used} line 1 was used at",
	},
	{
		"a gifticon is used", `UPDATE order_items SET used_via = 'page' WHERE order_id = {live} AND line = 1`,
		"an item is used in all its columns or in none", "order {live} line 1 was used at 0 by 0 via page",
	},
	{
		"a coupon is used no one knows how", `UPDATE order_items SET used_via = NULL WHERE order_id = {used}`,
		"an item is used in all its columns or in none", "via nothing",
	},
	{
		"an order is dated anew", `UPDATE orders SET at = at + 1 WHERE id = {live}`,
		"every order is dated by its number", "order {live} is dated",
	},
	{
		"an offer changed in the future", `UPDATE offers SET changed_seq = 99999 WHERE id = 1`,
		"no change has a number that the change clock did not give", "offers 1 changed at 99999",
	},
	{
		"an offer was repriced in the future", `UPDATE offers SET priced_seq = 99999 WHERE id = 1`,
		"no change has a number that the change clock did not give", "offer 1 became something at a change to come",
	},
	{
		"a load is forgotten", `DELETE FROM loads`,
		"no change has a number that the change clock did not give", "products 27935 changed at -",
	},
	{
		"a load has no place", `UPDATE loads SET seq = 0`,
		"no change has a number that the change clock did not give", "has the place 0",
	},
	{
		"a partner changed in the future", `UPDATE partners SET changed_seq = 99999 WHERE id = {demo}`,
		"no change has a number that the change clock did not give", "partners {demo} changed at 99999",
	},
	{
		"the change clock is lost", `DELETE FROM change_clock`,
		"the house's own rows are there", "the change clock is missing, or there are too many",
	},
	{
		"there are two change clocks", `INSERT INTO change_clock (id, seq) VALUES (2, 1)`,
		"the house's own rows are there", "the change clock is missing, or there are too many",
	},
	{
		"a closing balance is changed", `UPDATE account_days SET balance = balance + 5 WHERE account_id = {account}`,
		"every closing balance equals the entries before it", "account {account} day 20346: 95745 closed, 95740 booked",
	},
	{
		"an entry comes after its day was closed", `INSERT INTO entries (account_id, txn_id, amount) VALUES (1, 77, 5)`,
		"every closing balance equals the entries before it", "account 1 day 19723: 0 closed, 5 booked",
	},
	{
		"a day is closed too early",
		`UPDATE account_days_cursor SET next_day = 20000; UPDATE account_days SET balance = 0 WHERE account_id = 1`,
		"no day is closed that is after the closed ones", "account 1 day 20346",
	},
	{
		"a transaction is not found by an account", `DELETE FROM moved_accounts WHERE account_id = 1`,
		"every transaction is found by the accounts that it moved", ", account 1, as a deposit",
	},
	{
		"a shop's day counts a coupon too many", `UPDATE shop_days SET coupons = coupons + 1 WHERE shop_id = 38`,
		"every shop's days equal what was redeemed there",
		"shop 38 day 20346: 1 coupons, 0 face value and 0 paid too many",
	},
	{
		"a settlement is of more than was redeemed",
		`INSERT INTO settlements (shop_id, first_day, last_day, coupons, face, paid, txn_id, at) VALUES (38, 20346, 20346, 1, 4000, 505, 77, 0)`,
		"every settlement is of what was redeemed in its period", "shop 38 from day 20346: 505 settled, 500 redeemed",
	},
	{
		"a settlement is not booked",
		`INSERT INTO settlements (shop_id, first_day, last_day, coupons, face, paid, txn_id, at) VALUES (38, 20346, 20346, 1, 4000, 500, 77, 0)`,
		"every settlement is booked from what is owed to its shop", "transaction 77, shop 38: 0 instead of -500 booked",
	},
	{
		"a day is settled twice",
		`INSERT INTO settlements (shop_id, first_day, last_day, coupons, face, paid, txn_id, at) VALUES (38, 1, 5, 1, 1, 1, 77, 0), (38, 5, 6, 1, 1, 1, 78, 0)`,
		"no day of a shop is settled twice", "shop 38 from day 1 and from day 5",
	},
	{
		"a shop is paid too much", `UPDATE accounts SET balance = -1 WHERE kind = 'payable'`,
		"every shop is owed what it redeemed less what was settled", "shop 38: -1 instead of 500 owed",
	},
	{
		"an unused coupon is counted twice", `UPDATE unused_coupons SET coupons = coupons + 1 WHERE offer_id = 1350`,
		"the unused coupons are those that were sold and neither used nor cancelled",
		"offer 1350: 1 coupons, 0 face value and 0 paid too many",
	},
	{
		"the closing balances' cursor is lost", `DELETE FROM account_days_cursor`,
		"the house's own rows are there", "the cursor of the closing balances is missing",
	},
	{
		"the unused coupons' cursor is lost", `DELETE FROM unused_coupons_cursor`,
		"the house's own rows are there", "the cursor of the unused coupons is missing",
	},
	{
		"the sales figures' cursor is lost", `DELETE FROM item_sales_cursor`,
		"the house's own rows are there", "the cursor of the sales figures is missing",
	},
	{
		"a node number is lost", `DELETE FROM node_leases WHERE number = 511`,
		"the house's own rows are there", "a node number is missing",
	},
	{
		"a sales account is lost", `DELETE FROM accounts WHERE id = 31`,
		"the house's own accounts are there", "account 31 (sales) is missing",
	},
	{
		"the bank's account is lost", `DELETE FROM accounts WHERE id = 1`,
		"the house's own accounts are there", "account 1 (bank) is missing",
	},
	{
		"an answer is another partner's",
		`UPDATE idempotency_answers SET partner_id = {test} WHERE order_id = {live}`,
		"every answer kept under a key is of its partner's order", "partner {test} has an answer of order {live}",
	},
}

// trailHarms are about the audit trail.
var trailHarms = []harm{
	{
		"a line of the trail is changed", `UPDATE audit SET after_state = '{}' WHERE number = 2`,
		"the audit trail is an unbroken chain", "line 2 (entry ",
	},
	{
		"a line of the trail is dated back", `UPDATE audit SET at = at - 1 WHERE number = 3`,
		"the audit trail is an unbroken chain", "does not say what it said when it was written",
	},
	{
		"a line of the trail becomes another operator's", `UPDATE audit SET operator_id = 77 WHERE number = 1`,
		"the audit trail is an unbroken chain", "line 1 (entry ",
	},
	{
		"a line is taken out of the trail", `DELETE FROM audit WHERE number = 2`,
		"the audit trail is an unbroken chain", "line 2 is missing: line 3 comes after line 1",
	},
	{
		"the trail's last line is taken away", `DELETE FROM audit WHERE number = (SELECT lines FROM audit_head)`,
		"the audit trail is an unbroken chain", "the head says ",
	},
	{
		"a line is put into the trail", `INSERT INTO audit SELECT 77, 0, at, operator_id, actor, actor_seal, address, address_seal, action,
    subject, before_state, after_state, note, content_seal, digest, hash FROM audit WHERE number = 1`,
		"the audit trail is an unbroken chain", "line 0 was put in",
	},
	{
		"a line is put behind the trail", `INSERT INTO audit SELECT 77, number + 1, at, operator_id, actor, actor_seal, address,
    address_seal, action, subject, before_state, after_state, note, content_seal, digest, hash
FROM audit WHERE number = (SELECT lines FROM audit_head)`,
		"the audit trail is an unbroken chain", "(entry 77) does not say what it said when it was written",
	},
	{
		"two lines change their places", `UPDATE audit SET number = -2 WHERE number = 2; UPDATE audit SET number = 2 WHERE number = 3;
UPDATE audit SET number = 3 WHERE number = -2`,
		"the audit trail is an unbroken chain", "line 2 (entry ",
	},
	{
		"a line's hash is changed", `UPDATE audit SET hash = digest WHERE number = 4`,
		"the audit trail is an unbroken chain", "does not follow from line 3",
	},
	{
		"the head's hash is changed", `UPDATE audit_head SET hash = (SELECT hash FROM audit WHERE number = 1)`,
		"the audit trail is an unbroken chain", "the head is not that of line ",
	},
	{
		"a receipt loses its line", `UPDATE receipts SET audit_id = 77`,
		"every receipt of a statement says what the books say", "partner demo from 2025-09-01: \"\", the books say",
	},
	{
		"a receipt is of other days", `UPDATE receipts SET last_day = last_day - 1`,
		"every receipt of a statement says what the books say", "partner demo from 2025-09-01: ",
	},
	{
		"an entry comes after its receipt", `INSERT INTO entries (account_id, txn_id, amount) VALUES ({account}, {live} + 1, 5)`,
		"every receipt of a statement says what the books say", "partner demo from 2025-09-01: ",
	},
	{
		"the head of the trail is lost", `DELETE FROM audit_head`,
		"the house's own rows are there", "the head of the audit trail is missing",
	},
}

// refundHarms are about what was paid back.
var refundHarms = []harm{
	{
		"an item is cancelled by hand", `UPDATE order_items SET cancelled_at = 7 WHERE order_id = {live} AND line = 2`,
		"every cancelled item was refunded then, no other was", "order {live} line 2: 1 times cancelled and 0 times refunded at 7",
	},
	{
		"a refunded item is good again", `UPDATE order_items SET cancelled_at = NULL WHERE order_id = {back} AND line = 1`,
		"every cancelled item was refunded then, no other was", "order {back} line 1: 0 times cancelled and 1 times refunded",
	},
	{
		"a refund becomes another order's", `UPDATE refunds SET order_id = {live} WHERE id = {refund}`,
		"every cancelled item was refunded then, no other was", "order {back} line 1: 0 times cancelled and 1 times refunded at 0",
	},
	{
		"a refund is of another sum", `UPDATE refunds SET amount = amount + 5 WHERE id = {refund}`,
		"every refund is what its items cost", "refund {refund} is 945, its 1 items cost 940",
	},
	{
		"a refund loses its items", `DELETE FROM refund_items WHERE refund_id = {refund}`,
		"every refund is what its items cost", "refund {refund} is 940, its 0 items cost 0",
	},
	{
		"a refund is not booked",
		`DELETE FROM entries WHERE txn_id = {refund}; DELETE FROM ledger_transactions WHERE id = {refund}`,
		"every refund of a live order is booked to its partner once, no other is",
		"refund {refund} of order {back}: 0 instead of 940 booked on account {account}",
	},
	{
		"a refund is booked to another partner",
		`UPDATE entries SET account_id = {test account} WHERE txn_id = {refund} AND amount > 0`,
		"every refund of a live order is booked to its partner once, no other is",
		"refund {refund} of order {back}: 940 instead of 0 booked on account {test account}",
	},
	{
		"a refund is booked twice",
		`INSERT INTO ledger_transactions (id, kind, order_id, memo, at) VALUES (77, 'refund', {back}, '', 1);
INSERT INTO entries (account_id, txn_id, amount) VALUES ({account}, 77, 940), (2, 77, -940)`,
		"every refund of a live order is booked to its partner once, no other is",
		"refund 77 of order {back}: 940 instead of 0 booked on account {account}",
	},
	{
		"a refund is of no order", `UPDATE ledger_transactions SET order_id = NULL WHERE id = {refund}`,
		"a redemption or a refund is of an order, a deposit or an adjustment of none", "is a refund of order 0",
	},
	{
		"a refund is taken from sales", `UPDATE entries SET account_id = 16 WHERE txn_id = {refund} AND amount < 0`,
		"every ledger transaction is between the accounts of its kind",
		"transaction {refund} is a refund from sales to prepaid in 2 entries",
	},
	{
		"more is paid back than was paid", `UPDATE orders SET amount = 1000 WHERE id = {back}`,
		"no order is paid back more than it cost", "order {back} cost 1000, paid back were 1880",
	},
}

// orphans are columns that are made to name row 99999, which no table has.
var orphans = []struct{ column, where, parent string }{
	{"partner_keys.partner_id", "partner_id = {demo}", "partners"},
	{"accounts.owner_id", "kind = 'prepaid' AND owner_id = {demo}", "partners"},
	{"accounts.owner_id", "kind = 'payable'", "shops"},
	{"entries.account_id", "txn_id = {live} AND amount > 0", "accounts"},
	{"ledger_transactions.order_id", "order_id = {used}", "orders"},
	{"account_days.account_id", "account_id = {account}", "accounts"},
	{"moved_accounts.txn_id", "account_id = {account} AND txn_id = {refund}", "ledger_transactions"},
	{"shop_days.shop_id", "shop_id = 38", "shops"},
	{"unused_coupons.offer_id", "offer_id = 1350", "offers"},
	{"events.partner_id", "order_id = {sandbox}", "partners"},
	{"events.order_id", "order_id = {sandbox}", "orders"},
	{"brands.category_id", "id = 4", "categories"},
	{"products.brand_id", "id = 27935", "brands"},
	{"shops.category_id", "id = 37", "categories"},
	{"sellers.shop_id", "id = 1", "shops"},
	{"seller_attempts.seller_id", "seller_id = 1", "sellers"},
	{"campaigns.shop_id", "id = 188", "shops"},
	{"offers.product_id", "id = 1", "products"},
	{"offers.campaign_id", "id = 1351", "campaigns"},
	{"offers.last_partner", "id = 1", "partners"},
	{"offers.last_order", "id = 1", "orders"},
	{"units.offer_id", "id = 100004", "offers"},
	{"price_rules.scope_id", "scope = 'category'", "categories"},
	{"price_rules.scope_id", "scope = 'brand'", "brands"},
	{"orders.partner_id", "id = {free}", "partners"},
	{"order_items.order_id", "order_id = {free}", "orders"},
	{"order_items.offer_id", "order_id = {free}", "offers"},
	{"order_items.unit_id", "order_id = {free}", "units"},
	{"redemptions.order_id", "order_id = {used}", "orders"},
	{"redemptions.undoes", "order_id = {used}", "redemptions"},
	{"redemptions.offer_id", "order_id = {used}", "offers"},
	{"redemptions.shop_id", "order_id = {used}", "shops"},
	{"redemptions.seller_id", "order_id = {used}", "sellers"},
	{"order_items.used_seller", "order_id = {used}", "sellers"},
	{"refunds.order_id", "id = {refund}", "orders"},
	{"refund_items.refund_id", "order_id = {back} AND line = 1", "refunds"},
	{"once_claims.partner_id", "partner_id = {demo}", "partners"},
	{"once_claims.offer_id", "partner_id = {demo}", "offers"},
	{"partner_days.partner_id", "partner_id = {test}", "partners"},
	{"idempotency_answers.partner_id", "order_id = {live}", "partners"},
	{"idempotency_answers.order_id", "order_id = {live}", "orders"},
	{"item_sales.item_id", "kind = 1", "products"},
	{"item_sales.item_id", "kind = 2", "campaigns"},
}
