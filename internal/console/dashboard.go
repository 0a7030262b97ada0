package console

import "net/http"

func (q *request) showDashboard() error {
	return q.render(http.StatusOK, "dashboard", text{"현황", "Dashboard"}, nil)
}
