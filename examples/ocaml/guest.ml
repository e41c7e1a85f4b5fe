(* SPDX-License-Identifier: LGPL-2.1-or-later *)

(* Defines a domain, starts it and sees it run, with D-Bus alone (libdbus-ocaml). The binding cannot
   receive file descriptors, so the console is read through `vireoctl console`, which is on the PATH
   or what VIREOCTL says. *)

let service = "org.vireo.Vireo1"
let properties = "org.freedesktop.DBus.Properties"

let definition =
  "<domain type='test'><name>ocaml</name><memory unit='KiB'>8192</memory>"
  ^ "<os><type>hvm</type></os><devices><console type='pty'/></devices></domain>"

exception Refused of string * string

(* An a{sv} with nothing in it: all methods take options behind their other arguments. *)
let no_options = DBus.Array (DBus.Dicts ((DBus.SigString, DBus.SigVariant), []))

let call bus path interface meth args =
  let message = DBus.Message.new_method_call service path (service ^ "." ^ interface) meth in
  DBus.Message.append message args;
  (* A failure is an exception, with the name of the error and what it says. *)
  match DBus.Connection.send_with_reply_and_block bus message (-1) with
  | reply -> DBus.Message.get reply
  | exception DBus.Error (name, text) -> raise (Refused (name, text))

let path_of = function
  | [ DBus.ObjectPath path ] -> path
  | _ -> failwith "the service gave no path"

(* What a dictionary of properties has under a name. *)
let text_of dictionary name =
  match List.assoc_opt (DBus.String name) dictionary with
  | Some (DBus.Variant (DBus.String text)) -> Some text
  | _ -> None

(* The new state, if that is what a signal about the object tells. *)
let state_in message path =
  if DBus.Message.is_signal message properties "PropertiesChanged"
     && DBus.Message.has_path message path
  then
    match DBus.Message.get message with
    | _ :: DBus.Array (DBus.Dicts (_, changed)) :: _ -> text_of changed "State"
    | _ -> None
  else None

let rec wait_until_running bus path =
  match DBus.Connection.pop_message bus with
  | None ->
      if DBus.Connection.read_write bus (-1) then wait_until_running bus path
      else failwith "the bus has gone"
  | Some message -> (
      match state_in message path with
      | Some state ->
          Printf.printf "state: %s\n%!" state;
          if state <> "running" then wait_until_running bus path
      | None -> wait_until_running bus path)

let print_list bus connection =
  let names = DBus.Array (DBus.Strings [ "Name"; "State" ]) in
  match call bus connection "Connection" "GetDomains" [ names; no_options ] with
  | [ DBus.Array (DBus.Dicts (_, domains)) ] ->
      let print = function
        | _, DBus.Array (DBus.Dicts (_, values)) ->
            let text name = Option.value (text_of values name) ~default:"?" in
            Printf.printf "listed: %s %s\n%!" (text "Name") (text "State")
        | _ -> failwith "a domain without properties"
      in
      List.iter print domains
  | _ -> failwith "no list"

let has_part text part =
  let n = String.length part in
  let rec look i = i + n <= String.length text && (String.sub text i n = part || look (i + 1)) in
  look 0

let print_console () =
  let vireoctl = Option.value (Sys.getenv_opt "VIREOCTL") ~default:"vireoctl" in
  let command = [| vireoctl; "-c"; "test"; "console"; "ocaml" |] in
  let output, input = Unix.open_process_args vireoctl command in
  let rec look () =
    let line = String.trim (input_line output) in
    if has_part line "Vireo test guest" then Printf.printf "console: %s\n%!" line else look ()
  in
  look ();
  Unix.kill (Unix.process_pid (output, input)) Sys.sigterm;
  ignore (Unix.close_process (output, input))

let () =
  let bus = DBus.Bus.get DBus.Bus.System in
  let manager = call bus "/org/vireo/Vireo1" "Manager" in
  (* Who asked for signals gets those about what they may read. *)
  ignore (manager "Subscribe" [ no_options ]);
  DBus.Bus.add_match bus
    (Printf.sprintf "type='signal',sender='%s',interface='%s'" service properties)
    true;
  let connection =
    path_of (manager "OpenConnection" [ DBus.String "test:///default"; no_options ])
  in
  let domain =
    path_of (call bus connection "Connection" "DefineDomain" [ DBus.String definition; no_options ])
  in
  ignore (call bus domain "Domain" "Start" [ no_options ]);
  wait_until_running bus domain;
  print_list bus connection;
  print_console ();
  (match call bus connection "Connection" "LookupDomainByName" [ DBus.String "absent" ] with
  | _ -> failwith "there is such a domain"
  | exception Refused (name, _) ->
      if name = service ^ ".Error.NotFound" then print_endline "not found: True");
  ignore (call bus domain "Domain" "Destroy" [ no_options ]);
  ignore (call bus domain "Domain" "Undefine" [ no_options ])
