package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// Most bytes of one file of a folder. The largest tokenizer.json in use has 35 MB.
const (
	maxTokenizerJSON = 128 << 20
	maxConfigJSON    = 16 << 20
)

// FromFolder makes the tokenizer of a Hugging Face folder: tokenizer.json, with what tokenizer_config.json,
// special_tokens_map.json and generation_config.json add to it, and the chat template from chat_template.jinja,
// chat_template.json or tokenizer_config.json, in that order.
func FromFolder(dir string) (*Tokenizer, error) { return FromFS(os.DirFS(dir), dir) }

// FromFS is FromFolder for a folder that lies in fsys; name is what errors call it.
func FromFS(fsys fs.FS, name string) (*Tokenizer, error) {
	dir := files{fsys, name}
	doc, err := dir.read("tokenizer.json", maxTokenizerJSON)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open tokenizer of %s: it has no tokenizer.json (a vocab.json with merges.txt, or a tokenizer.model, is not enough): %w", name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open tokenizer: %w", err)
	}
	v, first, err := parseTokenizerJSON(doc)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path.Join(name, "tokenizer.json"), err)
	}
	src, err := v.readConfigs(dir, first)
	if err != nil {
		return nil, fmt.Errorf("open tokenizer: %w", err)
	}
	t, err := build(v)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path.Join(name, "tokenizer.json"), err)
	}
	if src != "" {
		t.tmpl = newTemplate(src, t)
	}
	return t, nil
}

// tokenName is a special token in a config: its text, or an object that holds it.
type tokenName string

func (n *tokenName) UnmarshalJSON(b []byte) error {
	var object struct {
		Content string `json:"content"`
	}
	if len(b) > 0 && b[0] == '{' {
		err := json.Unmarshal(b, &object)
		*n = tokenName(object.Content)
		return err
	}
	var s *string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("read the name of a token: %w", err)
	}
	if s != nil {
		*n = tokenName(*s)
	}
	return nil
}

// idList is one id, a list of ids, or null.
type idList []int64

func (l *idList) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]int64)(l))
	}
	var n *int64
	if err := json.Unmarshal(b, &n); err != nil {
		return fmt.Errorf("read a token id: %w", err)
	}
	if n != nil {
		*l = idList{*n}
	}
	return nil
}

// readConfigs adds what the other files say, and gives the source of the chat template.
func (v *vocabulary) readConfigs(dir files, first string) (source string, err error) {
	var names struct {
		BOS          tokenName    `json:"bos_token"`
		EOS          tokenName    `json:"eos_token"`
		AddBOS       *bool        `json:"add_bos_token"`
		ChatTemplate chatTemplate `json:"chat_template"`
	}
	for _, file := range []string{"special_tokens_map.json", "tokenizer_config.json"} {
		if err := dir.readJSON(file, &names); err != nil {
			return "", err
		}
	}
	var generation struct {
		EOS idList `json:"eos_token_id"`
	}
	if err := dir.readJSON("generation_config.json", &generation); err != nil {
		return "", err
	}
	v.bos, v.eos = v.idOf(string(names.BOS)), v.idOf(string(names.EOS))
	switch {
	case names.AddBOS != nil:
		v.addBOS = *names.AddBOS
	case first != "":
		v.addBOS = first == string(names.BOS)
	}
	for _, id := range generation.EOS {
		if id >= 0 && id < int64(len(v.tokens)) { // some configs name ids of another vocabulary
			v.eog = append(v.eog, int32(id))
		}
	}

	jinja, err := dir.read("chat_template.jinja", maxConfigJSON)
	if err == nil {
		return string(jinja), nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	var own struct {
		ChatTemplate chatTemplate `json:"chat_template"`
	}
	if err := dir.readJSON("chat_template.json", &own); err != nil {
		return "", err
	}
	if own.ChatTemplate != "" {
		return string(own.ChatTemplate), nil
	}
	return string(names.ChatTemplate), nil
}

// chatTemplate is a template, or a list of named ones of which "default" counts.
type chatTemplate string

func (c *chatTemplate) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		var list []struct {
			Name     string `json:"name"`
			Template string `json:"template"`
		}
		if err := json.Unmarshal(b, &list); err != nil {
			return fmt.Errorf("read the list of chat templates: %w", err)
		}
		for _, t := range list {
			if t.Name == "default" || *c == "" && t.Name != "tool_use" && t.Name != "rag" {
				*c = chatTemplate(t.Template)
			}
		}
		return nil
	}
	var s *string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("read the chat template: %w", err)
	}
	if s != nil {
		*c = chatTemplate(*s)
	}
	return nil
}

// readJSON reads a file that may be missing.
func (d files) readJSON(name string, into any) error {
	doc, err := d.read(name, maxConfigJSON)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(doc, into); err != nil {
		return fmt.Errorf("parse %s: %w", path.Join(d.name, name), err)
	}
	return nil
}

// files is where the files of a folder lie.
type files struct {
	fsys fs.FS
	name string
}

func (d files) read(name string, limit int64) ([]byte, error) {
	f, err := d.fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.name, err)
	}
	defer f.Close()
	doc, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path.Join(d.name, name), err)
	}
	if int64(len(doc)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", path.Join(d.name, name), limit)
	}
	return doc, nil
}
