package intake

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"image"
	_ "image/gif" // may be uploaded
	"image/jpeg"
	"image/png"
	"io"
	"path"
	"strings"
	"unicode"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // may be uploaded
	"golang.org/x/text/unicode/norm"
)

// PicturesAt is where uploaded pictures are served. A cell that names a picture by its file's name means one of them.
const PicturesAt = "/UPLOAD/stock/"

const (
	maxSide     = 640      // pixels of a picture as it is kept
	maxPixels   = 40 << 20 // of one as it is uploaded
	maxPicture  = 16 << 20 // bytes of one as it is uploaded
	maxPictures = 1000     // in an archive
	jpegQuality = 85
)

// Picture is a picture as it is kept.
type Picture struct {
	Path        string
	ContentType string
	Body        []byte
}

// Pictures keeps a picture, or all those in a ZIP archive, made small enough for lists, and returns their paths. One of the
// same name takes the place of the one before. An error that is a *Refusal says which file is no picture; then none is kept.
func (d *Desk) Pictures(ctx context.Context, file string, data []byte) (paths []string, err error) {
	var pictures []Picture
	err = eachFile(file, data, func(name string, data []byte) error {
		p, err := shrink(name, data)
		if err == nil {
			pictures = append(pictures, p)
			paths = append(paths, p.Path)
		}
		return err
	})
	if err == nil && len(pictures) == 0 {
		err = &Refusal{Text: say("그림이 없습니다.", "There is no picture in it.")}
	}
	if err != nil {
		return nil, err
	}
	return paths, d.Store.PutPictures(ctx, pictures, d.Clock.Now())
}

// eachFile calls fn for the file, or for each in it when it is an archive.
func eachFile(name string, data []byte, fn func(name string, data []byte) error) error {
	if !bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return fn(name, data)
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(archive.File) > maxPictures {
		return &Refusal{Text: say("ZIP 파일을 읽을 수 없거나 파일이 %d개를 넘습니다.",
			"The ZIP file cannot be read, or has more than %d files.", maxPictures)}
	}
	for _, f := range archive.File {
		base := path.Base(f.Name)
		if f.FileInfo().IsDir() || strings.HasPrefix(base, ".") || strings.HasPrefix(f.Name, "__MACOSX/") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return noPicture(base)
		}
		body, err := io.ReadAll(io.LimitReader(r, maxPicture+1))
		if err = errors.Join(err, r.Close()); err != nil {
			return noPicture(base)
		}
		if err := fn(base, body); err != nil {
			return err
		}
	}
	return nil
}

func noPicture(name string) *Refusal {
	return &Refusal{Text: say("'%s'은(는) 읽을 수 있는 그림(PNG, JPEG, GIF, WebP)이 아닙니다.",
		"%q is not a picture that can be read (PNG, JPEG, GIF, WebP).", clip(name, 60))}
}

// shrink makes a picture small. What else stands in a file, such as where a photo was taken, is left behind.
func shrink(name string, data []byte) (p Picture, err error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || len(data) > maxPicture || config.Width < 1 || config.Height < 1 || config.Width > maxPixels/config.Height {
		return p, noPicture(name)
	}
	full, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return p, noPicture(name)
	}
	small := image.NewNRGBA(fit(full.Bounds()))
	draw.CatmullRom.Scale(small, small.Bounds(), full, full.Bounds(), draw.Src, nil)
	p = Picture{Path: PicturesAt + pictureName(name), ContentType: "image/png"}
	var b bytes.Buffer
	if small.Opaque() {
		p.ContentType = "image/jpeg"
		err = jpeg.Encode(&b, small, &jpeg.Options{Quality: jpegQuality})
	} else {
		err = png.Encode(&b, small)
	}
	p.Body = b.Bytes()
	return p, err
}

// fit returns bounds of the same shape that are not above maxSide.
func fit(b image.Rectangle) image.Rectangle {
	w, h := b.Dx(), b.Dy()
	if most := max(w, h); most > maxSide {
		w, h = max(w*maxSide/most, 1), max(h*maxSide/most, 1)
	}
	return image.Rect(0, 0, w, h)
}

// pictureName keeps of a file's name what may stand in an address.
func pictureName(name string) string {
	name = norm.NFC.String(strings.ToValidUTF8(path.Base(strings.ReplaceAll(name, "\\", "/")), ""))
	return clip(strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) || strings.ContainsRune("._-()", c) {
			return c
		}
		return '_'
	}, strings.TrimLeft(name, ".")), 100)
}
