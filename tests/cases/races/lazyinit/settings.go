// Package lazyinit reads its settings when they are first asked for.
package lazyinit

// Settings are what the program was told.
type Settings struct {
	Name  string
	Limit int
}

var settings *Settings

// Current returns the settings, the same ones to everybody.
func Current() *Settings {
	if settings == nil {
		settings = read()
	}
	return settings
}

func read() *Settings {
	return &Settings{Name: "default", Limit: 10}
}
