package docs

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// operation is what the search knows of an operation.
type operation struct {
	Version, ID, Tag, Method, Path, Summary, Text string
}

// methods are those of operations, as a path's members.
var methods = []string{"get", "post", "patch", "delete", "put"}

func operationsOf(root *yaml.Node, version string) (list []operation) {
	paths := member(root, "paths")
	for i := 0; i+1 < len(paths.Content); i += 2 {
		path, item := paths.Content[i].Value, paths.Content[i+1]
		for j := 0; j+1 < len(item.Content); j += 2 {
			if method := item.Content[j].Value; slices.Contains(methods, method) {
				o := item.Content[j+1]
				list = append(list, operation{
					Version: version, ID: textOf(o, "operationId"), Tag: member(o, "tags").Content[0].Value,
					Method: strings.ToUpper(method), Path: path, Summary: textOf(o, "summary"), Text: textOf(o, "description"),
				})
			}
		}
	}
	return list
}

func textOf(mapping *yaml.Node, key string) string {
	if n := member(mapping, key); n != nil {
		return n.Value
	}
	return ""
}

// Anchor is where the page of the API shows the operation.
func (o operation) Anchor() string {
	return "/docs/api/" + o.Version + "#/" + strings.ReplaceAll(o.Tag, " ", "_") + "/" + o.ID
}
