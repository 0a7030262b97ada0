// Package console is where operators run the exchange from a browser: one file per page, with its template beside it.
// Pages are rendered here and work without JavaScript; htmx only saves reloading, and charts need uPlot.
//
// Every page stands in routes, with the permission it needs. Texts stand in the templates in both languages, side by side:
// {{t "주문" "Orders"}}.
package console
