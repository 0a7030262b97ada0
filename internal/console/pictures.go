package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"giftimbiz/internal/intake"
)

// Pictures keeps pictures that files of stock refer to.
type Pictures interface {
	Pictures(ctx context.Context, file string, data []byte) (paths []string, err error)
}

// pathsShown is how many paths of pictures a notice names.
const pathsShown = 3

// uploadPictures keeps a picture, or those in an archive, and says how cells name them.
func (q *request) uploadPictures() error {
	form, err := q.readUpload()
	if err != nil {
		return err
	}
	if form.Name == "" && form.Error == "" {
		form.Error = text{"파일을 고르십시오.", "Choose a file."}.in(q.lang)
	}
	var paths []string
	if form.Error == "" {
		paths, err = q.h.Imports.Pictures(q.Context(), form.Name, form.data)
	}
	var refusal *intake.Refusal
	switch {
	case errors.As(err, &refusal):
		form.Error = refusal.In(q.lang)
	case err != nil:
		return err
	}
	if form.Error != "" {
		return q.renderImports(http.StatusUnprocessableEntity, importForm{PictureError: form.Error})
	}
	shown := strings.Join(paths[:min(len(paths), pathsShown)], ", ")
	if len(paths) > pathsShown {
		shown += ", …"
	}
	n := strconv.Itoa(len(paths))
	return q.done(importsRoot, text{"그림 " + n + "개를 올렸습니다: " + shown, "Pictures kept: " + n + " (" + shown + ")"})
}
