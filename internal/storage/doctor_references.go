package storage

import "fmt"

// references are all columns that name a row of another table by its id, declared as foreign keys or not. 0 and NULL
// name nothing.
var references = []struct{ table, column, parent, where string }{
	{"partner_keys", "partner_id", "partners", ""},
	{"accounts", "owner_id", "partners", "kind = 'prepaid'"},
	{"accounts", "owner_id", "shops", "kind = 'payable'"},
	{"entries", "account_id", "accounts", ""},
	{"ledger_transactions", "order_id", "orders", ""},
	{"account_days", "account_id", "accounts", ""},
	{"moved_accounts", "txn_id", "ledger_transactions", ""},
	{"shop_days", "shop_id", "shops", ""},
	{"settlements", "shop_id", "shops", ""},
	{"settlements", "txn_id", "ledger_transactions", ""},
	{"unused_coupons", "offer_id", "offers", ""},
	{"adjustments", "partner_id", "partners", ""},
	{"adjustments", "txn_id", "ledger_transactions", ""},
	{"partner_calls", "partner_id", "partners", ""},
	{"events", "partner_id", "partners", ""},
	{"events", "order_id", "orders", ""},
	{"endpoints", "partner_id", "partners", ""},
	{"brands", "category_id", "categories", ""},
	{"products", "brand_id", "brands", ""},
	{"shops", "category_id", "categories", ""},
	{"sellers", "shop_id", "shops", ""},
	{"seller_attempts", "seller_id", "sellers", ""},
	{"campaigns", "shop_id", "shops", ""},
	{"offers", "product_id", "products", ""},
	{"offers", "campaign_id", "campaigns", ""},
	{"offers", "last_partner", "partners", ""},
	{"offers", "last_order", "orders", ""},
	{"units", "offer_id", "offers", ""},
	{"price_rules", "scope_id", "categories", "scope = 'category'"},
	{"price_rules", "scope_id", "brands", "scope = 'brand'"},
	{"orders", "partner_id", "partners", ""},
	{"order_items", "order_id", "orders", ""},
	{"order_items", "offer_id", "offers", ""},
	{"order_items", "unit_id", "units", ""},
	{"order_items", "used_seller", "sellers", ""},
	{"redemptions", "order_id", "orders", ""},
	{"redemptions", "undoes", "redemptions", ""},
	{"redemptions", "offer_id", "offers", ""},
	{"redemptions", "shop_id", "shops", ""},
	{"redemptions", "seller_id", "sellers", ""},
	{"refunds", "order_id", "orders", ""},
	{"refund_items", "refund_id", "refunds", ""},
	{"quotes", "partner_id", "partners", ""},
	{"quotes", "order_id", "orders", ""},
	{"quote_items", "quote_id", "quotes", ""},
	{"quote_items", "offer_id", "offers", ""},
	{"closed_references", "partner_id", "partners", ""},
	{"once_claims", "partner_id", "partners", ""},
	{"once_claims", "offer_id", "offers", ""},
	{"partner_days", "partner_id", "partners", ""},
	{"idempotency_answers", "partner_id", "partners", ""},
	{"idempotency_answers", "order_id", "orders", ""},
	{"item_sales", "item_id", "products", "kind = 1"},
	{"item_sales", "item_id", "campaigns", "kind = 2"},
}

// referenceChecks makes a check of each reference, under one name.
func referenceChecks() []check {
	made := make([]check, len(references))
	for i, r := range references {
		where := r.column + " <> 0"
		if r.where != "" {
			where += " AND " + r.where
		}
		made[i] = check{"every reference names a row", fmt.Sprintf(`
SELECT '%s.%s ' || id || ' is not in %s' AS detail
FROM (SELECT %s AS id FROM %s WHERE %s EXCEPT SELECT id FROM %s) x`,
			r.table, r.column, r.parent, r.column, r.table, where, r.parent)}
	}
	return made
}
