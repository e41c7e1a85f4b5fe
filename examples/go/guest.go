// SPDX-License-Identifier: LGPL-2.1-or-later

// Defines a domain, starts it, sees it run, and reads its console, with D-Bus alone (godbus):
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build guest.go
package main

import (
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/godbus/dbus"
)

const (
	service    = "org.vireo.Vireo1"
	root       = "/org/vireo/Vireo1"
	properties = "org.freedesktop.DBus.Properties"
	definition = "<domain type='test'><name>go</name><memory unit='KiB'>8192</memory>" +
		"<os><type>hvm</type></os><devices><console type='pty'/></devices></domain>"
)

type options map[string]dbus.Variant

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// call stores what the method returns in results, and fails when it fails.
func call(object dbus.BusObject, method string, args []interface{}, results ...interface{}) {
	check(object.Call(service+"."+method, 0, args...).Store(results...))
}

// waitRunning returns when the service has said that the domain at path runs.
func waitRunning(signals <-chan *dbus.Signal, path dbus.ObjectPath) {
	for signal := range signals {
		if signal.Path != path || signal.Name != properties+".PropertiesChanged" {
			continue
		}
		changed := signal.Body[1].(map[string]dbus.Variant)
		if state, found := changed["State"]; found {
			fmt.Println("state:", state.Value())
			if state.Value() == "running" {
				return
			}
		}
	}
}

func printConsole(descriptor dbus.UnixFD) {
	console := os.NewFile(uintptr(descriptor), "console")
	defer console.Close()
	text := ""
	for !strings.Contains(text, "Vireo test guest") || !strings.HasSuffix(text, "login: ") {
		chunk := make([]byte, 256)
		n, err := console.Read(chunk)
		check(err)
		text += string(chunk[:n])
	}
	fmt.Println("console:", strings.Split(text, "\r\n")[1])
}

func main() {
	bus, err := dbus.SystemBus()
	check(err)
	signals := make(chan *dbus.Signal, 64)
	bus.Signal(signals)
	check(bus.AddMatchSignal(dbus.WithMatchInterface(properties), dbus.WithMatchOption(
		"path_namespace", root)))

	// Who asked for signals gets those about what they may read.
	manager := bus.Object(service, root)
	call(manager, "Manager.Subscribe", []interface{}{options{}})

	var connectionPath, path, absent dbus.ObjectPath
	call(manager, "Manager.OpenConnection", []interface{}{"test:///default", options{}},
		&connectionPath)
	connection := bus.Object(service, connectionPath)
	call(connection, "Connection.DefineDomain", []interface{}{definition, options{}}, &path)
	domain := bus.Object(service, path)

	call(domain, "Domain.Start", []interface{}{options{}})
	waitRunning(signals, path)

	var domains map[dbus.ObjectPath]map[string]dbus.Variant
	call(connection, "Connection.GetDomains", []interface{}{[]string{"Name", "State"}, options{}},
		&domains)
	for _, each := range domains {
		fmt.Println("listed:", each["Name"].Value(), each["State"].Value())
	}

	var descriptor dbus.UnixFD
	call(domain, "Domain.OpenConsole", []interface{}{"", options{}}, &descriptor)
	printConsole(descriptor)

	err = connection.Call(service+".Connection.LookupDomainByName", 0, "absent").Store(&absent)
	failure, isError := err.(dbus.Error)
	if isError && failure.Name == service+".Error.NotFound" {
		fmt.Println("not found: True")
	}

	call(domain, "Domain.Destroy", []interface{}{options{}})
	call(domain, "Domain.Undefine", []interface{}{options{}})
}
