package console

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"giftimbiz/internal/office"
)

type settingStore interface {
	Setting(ctx context.Context, name string) (office.Value, error)
	Settings(ctx context.Context) ([]office.Value, error)
	ChangeSettings(ctx context.Context, list []office.Value, now time.Time) error
}

const settingsAddress = Root + "/settings"

func settingRoutes() []route {
	return []route{
		{pattern: "GET " + settingsAddress, needs: office.Manage, serve: (*request).showSettings},
		{pattern: "POST " + settingsAddress, needs: office.Manage, serve: (*request).changeSettings},
	}
}

// settingField is a setting in the form.
type settingField struct {
	office.Value
	Typed string
	Error string
}

var settingsTitle = text{"설정", "Settings"}

func (q *request) showSettings() error {
	values, err := q.h.Store.Settings(q.Context())
	if err != nil {
		return err
	}
	fields := make([]settingField, len(values))
	for i, v := range values {
		fields[i] = settingField{Value: v, Typed: v.Text}
		if v.Amount {
			fields[i].Typed = grouped(int64(v.Won()))
		}
	}
	return q.render(http.StatusOK, "settings", settingsTitle, fields)
}

// changeSettings stores what differs from what the form was made of. Of settings that others changed meanwhile, those that
// this form leaves alone do not matter.
func (q *request) changeSettings() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	var fields []settingField
	var changed []office.Value
	wrong := false
	for _, s := range office.Settings() {
		f := settingField{Value: office.Value{Setting: s}, Typed: q.PostFormValue(s.Name)}
		version, err := strconv.ParseInt(q.PostFormValue(s.Name+".version"), 10, 64)
		if err != nil {
			return failure{http.StatusBadRequest, text{"양식이 온전하지 않습니다.", "The form is not whole."}}
		}
		f.Version = version
		if f.Text, err = s.Parse(f.Typed); err != nil {
			f.Error, wrong = settingError(s).in(q.lang), true
		}
		fields = append(fields, f)
		if was := q.PostFormValue(s.Name + ".was"); was != f.Text {
			changed = append(changed, f.Value)
		}
	}
	if wrong {
		return q.renderWrongSettings(fields)
	}
	if len(changed) > 0 {
		if err := q.h.Store.ChangeSettings(q.Context(), changed, q.now); err != nil {
			return err
		}
	}
	return q.done(settingsAddress, text{"저장했습니다.", "Saved."})
}

// renderWrongSettings shows the form again; what it was made of stays in it.
func (q *request) renderWrongSettings(fields []settingField) error {
	for i := range fields {
		fields[i].Text = q.PostFormValue(fields[i].Name + ".was")
	}
	return q.render(http.StatusUnprocessableEntity, "settings", settingsTitle, fields)
}

func settingError(s office.Setting) text {
	least, most := grouped(s.Least), grouped(s.Most)
	if s.Amount {
		return text{least + "부터 " + most + "까지의 정수여야 합니다.", "A whole number from " + least + " to " + most + "."}
	}
	return text{"한 줄로 " + least + "자부터 " + most + "자까지 쓸 수 있습니다.", least + " to " + most + " characters in one line."}
}

// exchangeName is what the exchange is called. When the database does not answer, pages that say so have a name all the same.
func (q *request) exchangeName() string {
	v, err := q.h.Store.Setting(q.Context(), office.ExchangeName)
	if err != nil {
		return office.SettingOf(office.ExchangeName).Default
	}
	return v.Text
}
